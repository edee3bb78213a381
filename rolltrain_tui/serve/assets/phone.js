// The phone page: parts of the run as they change. Foreign text goes into text nodes, never into markup.
import { draw } from "/chart.js";

const at = (id) => document.getElementById(id);
const TONES = new Set(["muted", "faint", "strong", "primary", "accent", "good", "bad", "warn", "cool", "key"]);
const STAYS = 30000; // milliseconds that a closed vote is still shown
let curve = null, mine = null, last = null, leaving = 0;

function percent(part, whole) {
  return `${Math.max(0, Math.min(100, whole ? (100 * part) / whole : 0))}%`;
}

/** Lines of [text, tones] pairs as elements. */
function fill(place, lines) {
  place.replaceChildren(...lines.map((spans) => {
    const line = document.createElement("div");
    for (const [text, tones] of spans) {
      const span = document.createElement("span");
      span.textContent = text;
      span.className = tones.split("+").filter((tone) => TONES.has(tone)).join(" ");
      line.append(span);
    }
    return line;
  }));
}

const show = {
  status(s) {
    at("campaign").textContent = s.campaign;
    at("pace").textContent = s.pace;
    at("turn").textContent = `turn ${s.turn}${s.turns === null ? ", no end set" : ` of ${s.turns}`}`;
    at("hero").textContent = s.hero;
    at("progress").style.width = percent(s.turn, s.turns);
    at("loss").textContent = s.loss;
    at("value").textContent = s.value && `◆ ${s.label} ${s.value}`;
    at("label").textContent = s.label;
    at("hp").style.width = percent(s.hp, s.most_hp);
    at("hp-words").textContent = `${s.hp} of ${s.most_hp} HP`;
    at("foe-name").textContent = s.foe ? s.foe.name : "No foe near";
    at("foe").style.width = s.foe ? percent(s.foe.hp, s.foe.most) : "0%";
    at("foe-words").textContent = s.foe ? `${s.foe.hp} of ${s.foe.most} HP` : "The road is quiet.";
  },
  chart(c) {
    curve = c;
    at("chart-title").textContent = c.title;
    at("has-ghost").hidden = c.ghost.length === 0;
    at("has-ghost").textContent = `┄ ${c.par}`;
    at("has-limit").hidden = c.limit === null;
    at("has-limit").textContent = c.limit === null ? "" : `┈ ${c.limit_name} ${c.limit.toFixed(2)}`;
    draw(at("chart"), c);
  },
  log: (lines) => fill(at("log"), lines),
  proof: (lines) => fill(at("proof"), lines),
  says(s) {
    at("says").textContent = s ? s.text : "Nothing yet.";
  },
  vote(v) {
    clearTimeout(leaving);
    at("vote").hidden = v === null;
    if (v === null) return;
    if (!last || last.number !== v.number) {
      mine = null;
      at("question").textContent = v.question;
      at("options").replaceChildren(...v.options.map(choice));
      if (v.open) at("told").textContent = `The room votes: ${v.question}`;
    }
    last = v;
    if (!v.open) leaving = setTimeout(() => { at("vote").hidden = true; }, STAYS);
    [...at("options").children].forEach((button, n) => stand(button, v, n));
    at("vote-note").textContent = note(v);
  },
};

function note(v) {
  const votes = v.total === 1 ? "1 vote" : `${v.total} votes`;
  if (!v.open) return `${votes}. The vote is over.`;
  return mine === null ? `${votes} so far. Tap to vote.` : `${votes} so far. Your vote is in; tap another to change it.`;
}

/** A button that stays for as long as its vote: one that others' votes replaced would lose the finger or the focus that is on it. */
function choice(option, n) {
  const button = document.createElement("button"), count = document.createElement("span"), about = document.createElement("small");
  button.type = "button";
  count.className = "count";
  about.textContent = option.about;
  button.append(document.createElement("i"), document.createElement("b"), count, about);
  button.onclick = () => cast(last, n);
  return button;
}

/** How a choice stands now. */
function stand(button, v, n) {
  const [share, title, count] = button.children;
  button.disabled = !v.open;
  button.className = [n === mine ? "mine" : "", v.winner === n ? "winner" : ""].join(" ");
  button.ariaPressed = String(n === mine);
  share.style.width = percent(v.votes[n], Math.max(1, v.total));
  title.textContent = `${v.winner === n ? "✔ " : ""}${v.options[n].title}`;
  count.textContent = v.votes[n];
}

async function cast(v, option) {
  const before = mine;
  mine = option;
  show.vote(v);
  try {
    const answer = await fetch("/vote", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ round: v.number, option }),
    });
    if (!answer.ok) refused(v, option, before, (await answer.json()).error);
  } catch {
    refused(v, option, before, "The vote did not arrive. Try again.");
  }
}

/** The vote as it was before, unless the room votes on something else by now, or another button was pressed. */
function refused(v, option, before, words) {
  if (last.number !== v.number || mine !== option) return;
  mine = before;
  show.vote(last);
  at("vote-note").textContent = words;
}

function listen() {
  const feed = new EventSource("/feed");
  for (const [part, put] of Object.entries(show)) feed.addEventListener(part, (event) => put(JSON.parse(event.data)));
  feed.addEventListener("over", () => { feed.close(); at("state").textContent = "The game has ended."; });
  feed.onopen = () => { at("state").textContent = ""; };
  feed.onerror = async () => {
    at("state").textContent = "The connection was lost; trying again …";
    if (feed.readyState !== EventSource.CLOSED) return;
    const answer = await fetch("/phone.js", { cache: "no-store" }).catch(() => null);
    at("state").textContent = answer && answer.status === 401 ? (await answer.json()).error : "The room is full or does not answer; trying again …";
    setTimeout(listen, 3000);
  };
}

window.addEventListener("resize", () => curve && draw(at("chart"), curve));
listen();
