// The mirror: what the terminal shows, and nothing else. This page listens; it sends nothing.
allowStylesOfXterm();
const { Terminal } = await import("/xterm/xterm.mjs");

const FONT = '"DejaVu Sans Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace';
const SMALLEST = 4, LARGEST = 40, MARGIN = 8;
const stage = document.getElementById("stage");
const state = document.getElementById("state");
const terminal = new Terminal({
  cols: 80, rows: 24, fontFamily: FONT, fontSize: 14, scrollback: 0, disableStdin: true, cursorBlink: false, cursorInactiveStyle: "none",
  allowProposedApi: false, customGlyphs: true, theme: { background: "#17120d", foreground: "#e6dfd3" },
});
terminal.open(document.getElementById("terminal"));
terminal.attachCustomKeyEventHandler(() => false);
let waited = 500;

/** xterm.js writes style sheets and style attributes of its own. The page's policy wants the number of this page on the former, and allows
 * what scripts set property by property; so no style that came in a text can ever count. */
function allowStylesOfXterm() {
  const number = document.querySelector('meta[name="styles"]').content;
  const make = document.createElement.bind(document), set = Element.prototype.setAttribute;
  document.createElement = (name, options) => {
    const made = make(name, options);
    if (name === "style") made.nonce = number;
    return made;
  };
  Element.prototype.setAttribute = function (name, value) {
    if (name === "style") this.style.cssText = value;
    else set.call(this, name, value);
  };
}

/** The largest letters with which the whole screen fits into the window. */
function fit() {
  const shown = terminal.element.querySelector(".xterm-screen");
  const size = terminal.options.fontSize;
  const across = shown.clientWidth / size, down = shown.clientHeight / size;
  if (!across || !down) return;
  const wide = (stage.clientWidth - MARGIN) / across, high = (stage.clientHeight - MARGIN) / down;
  const best = Math.max(SMALLEST, Math.min(LARGEST, Math.floor(Math.min(wide, high) * 2) / 2));
  if (best !== size) terminal.options.fontSize = best;
}

function hear(message) {
  if (typeof message.data !== "string") {
    terminal.write(new Uint8Array(message.data));
    return;
  }
  const [columns, rows] = JSON.parse(message.data).size;
  terminal.reset();
  terminal.write("\x1b[?25l\x1b[?7l");
  terminal.resize(columns, rows);
  fit();
  requestAnimationFrame(fit);
}

function say(words) {
  state.textContent = words;
  document.body.classList.toggle("cut", words !== "");
}

function connect() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/mirror`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => { waited = 500; say(""); };
  socket.onmessage = hear;
  socket.onclose = async (event) => {
    if (event.code === 1001 && event.reason === "over") {
      say("The game has ended.");
      return;
    }
    say(await why());
    setTimeout(connect, waited);
    waited = Math.min(waited * 1.6, 8000);
  };
}

/** A socket does not say why it was refused; an ordinary request does. */
async function why() {
  try {
    const answer = await fetch("/mirror");
    if (answer.status === 401 || answer.status === 503) return (await answer.json()).error;
    return "The connection was lost; trying again …";
  } catch {
    return "The room does not answer; trying again …";
  }
}

window.addEventListener("resize", fit);
document.fonts.ready.then(fit);
window.mirrored = () => {
  const lines = [];
  for (let row = 0; row < terminal.rows; row++) lines.push(terminal.buffer.active.getLine(row)?.translateToString(false) ?? "");
  return lines;
};
connect();
