// The token stands behind the # of the address, which browsers never send. It is traded once for a cookie, and leaves the address bar.
const words = document.getElementById("words");
const NARROW = 760;

async function enter() {
  const token = location.hash.slice(1);
  history.replaceState(null, "", "/");
  if (!token) {
    words.textContent = "Open the link or the QR code of the room: its address ends with # and a code.";
    return;
  }
  const answer = await fetch("/enter", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
  });
  if (answer.ok) {
    location.replace(Math.min(window.innerWidth, screen.width) < NARROW ? "/phone" : "/screen");
  } else {
    words.textContent = answer.status === 401 ? "This code is not, or no longer, that of the room. Ask for the newest one." : (await answer.json()).error;
  }
}

enter().catch(() => { words.textContent = "The room does not answer. Is the game still running?"; });
