// A game of the visitor's own: keys go to its process, its picture comes back.
import { address, makeTerminal, room, say, why } from "/terminal.js";

const terminal = makeTerminal({ fontSize: window.innerWidth < 900 ? 12 : 15 });
const held = room(terminal) ?? { across: 1, down: 1 };
const size = () => ({ width: terminal.cols, height: terminal.rows });
terminal.resize(Math.max(20, Math.floor(80 * held.across)), Math.max(8, Math.floor(24 * held.down)));

const socket = new WebSocket(`${address("/play/socket")}?width=${terminal.cols}&height=${terminal.rows}`);
socket.binaryType = "arraybuffer";
const send = (kind, what) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify([kind, what]));
socket.onopen = () => { say(""); terminal.focus(); };
socket.onmessage = (message) => typeof message.data !== "string" && terminal.write(new Uint8Array(message.data));
socket.onclose = async () => say(await why("/play/socket", "Your game has ended. Load the page again for another one."));
terminal.onData((keys) => send("stdin", keys));
terminal.onBinary((keys) => send("stdin", keys));

window.addEventListener("resize", () => {
  const now = room(terminal);
  if (!now) return;
  terminal.resize(Math.max(20, Math.floor(terminal.cols * now.across)), Math.max(8, Math.floor(terminal.rows * now.down)));
  send("resize", size());
});
window.played = () => {
  const lines = [];
  for (let row = 0; row < terminal.rows; row++) lines.push(terminal.buffer.active.getLine(row)?.translateToString(false) ?? "");
  return lines;
};
