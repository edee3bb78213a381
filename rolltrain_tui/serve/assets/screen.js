// The mirror: what the terminal shows, and nothing else. This page listens; it sends nothing.
import { address, makeTerminal, room, say, why } from "/terminal.js";

const SMALLEST = 4, LARGEST = 40;
const terminal = makeTerminal({ disableStdin: true, cursorBlink: false, cursorInactiveStyle: "none" });
terminal.attachCustomKeyEventHandler(() => false);
let waited = 500;

/** The largest letters with which the whole screen fits into the window. */
function fit() {
  const held = room(terminal);
  if (!held) return;
  const wished = terminal.options.fontSize * Math.min(held.across, held.down);
  const best = Math.max(SMALLEST, Math.min(LARGEST, Math.floor(wished * 2) / 2));
  if (best !== terminal.options.fontSize) terminal.options.fontSize = best;
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

function connect() {
  const socket = new WebSocket(address("/mirror"));
  socket.binaryType = "arraybuffer";
  socket.onopen = () => { waited = 500; say(""); };
  socket.onmessage = hear;
  socket.onclose = async (event) => {
    if (event.code === 1001 && event.reason === "over") {
      say("The game has ended.");
      return;
    }
    say(await why("/mirror", "The connection was lost; trying again …"));
    setTimeout(connect, waited);
    waited = Math.min(waited * 1.6, 8000);
  };
}

window.addEventListener("resize", fit);
document.fonts.ready.then(fit);
window.mirrored = () => {
  const lines = [];
  for (let row = 0; row < terminal.rows; row++) lines.push(terminal.buffer.active.getLine(row)?.translateToString(false) ?? "");
  return lines;
};
connect();
