// A terminal in the page, for the mirror and for guests.
allowStylesOfXterm();
const { Terminal } = await import("/xterm/xterm.mjs");

const FONT = '"DejaVu Sans Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace';
const MARGIN = 8;
const stage = document.getElementById("stage");

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

export function makeTerminal(options) {
  const terminal = new Terminal({
    cols: 80, rows: 24, fontFamily: FONT, fontSize: 14, scrollback: 0, customGlyphs: true, theme: { background: "#17120d", foreground: "#e6dfd3" },
    ...options,
  });
  terminal.open(document.getElementById("terminal"));
  return terminal;
}

/** How many of the terminal's screens, as it is now, the window holds across and down. */
export function room(terminal) {
  const shown = terminal.element.querySelector(".xterm-screen");
  if (!shown.clientWidth || !shown.clientHeight) return null;
  return { across: (stage.clientWidth - MARGIN) / shown.clientWidth, down: (stage.clientHeight - MARGIN) / shown.clientHeight };
}

export function address(path) {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
}

export function say(words) {
  document.getElementById("state").textContent = words;
  document.body.classList.toggle("cut", words !== "");
}

/** A socket does not say why it was refused; an ordinary request does. */
export async function why(path, else_) {
  try {
    const answer = await fetch(path);
    return answer.status === 401 || answer.status === 503 ? (await answer.json()).error : else_;
  } catch {
    return "The room does not answer; trying again …";
  }
}
