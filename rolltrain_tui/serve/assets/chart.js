// A small chart: the run's curve, its evaluations, plain training, and the limit that nothing can beat.
const COLOURS = { mean: "#eba254", marks: "#f2cf63", ghost: "#86b8b1", limit: "#8d857a", axis: "#5f574d", grid: "#2e261f" };
const FONT = "11px ui-monospace, Menlo, Consolas, monospace";
const LEFT = 38, RIGHT = 10, TOP = 8, BOTTOM = 18;

function bounds(chart) {
  const points = [...chart.mean, ...chart.marks, ...chart.ghost];
  const values = points.map(([, value]) => value), turns = points.map(([turn]) => turn);
  let low = Math.min(...values), high = Math.max(...values);
  if (low === high) { low -= 0.5; high += 0.5; }
  const near = chart.limit !== null && Math.abs(chart.limit - (chart.better === "lower" ? low : high)) < (high - low);
  if (near) { low = Math.min(low, chart.limit); high = Math.max(high, chart.limit); }
  const air = (high - low) * 0.06;
  return { low: low - air, high: high + air, first: Math.min(...turns), last: Math.max(...turns, 1) };
}

/** Round values between low and high, about four of them. */
function ticks(low, high) {
  const rough = (high - low) / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) found.push(value);
  return { found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9) + (step / power === 2.5 ? 1 : 0)) };
}

export function draw(canvas, chart) {
  const width = canvas.clientWidth, height = canvas.clientHeight, scale = window.devicePixelRatio || 1;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  if (chart.mean.length + chart.marks.length === 0) return;
  const { low, high, first, last } = bounds(chart);
  const x = (turn) => LEFT + ((turn - first) / Math.max(1, last - first)) * (width - LEFT - RIGHT);
  const y = (value) => TOP + ((high - value) / (high - low)) * (height - TOP - BOTTOM);
  pen.font = FONT;
  pen.lineJoin = "round";
  axes(pen, { low, high, first, last, x, y, width, height });
  if (chart.limit !== null && chart.limit >= low && chart.limit <= high) line(pen, [[first, chart.limit], [last, chart.limit]], x, y, COLOURS.limit, 1, [2, 4]);
  line(pen, chart.ghost, x, y, COLOURS.ghost, 1.5, [4, 4]);
  line(pen, chart.mean.length ? chart.mean : chart.marks, x, y, COLOURS.mean, 2, []);
  pen.fillStyle = COLOURS.marks;
  const every = Math.max(1, Math.ceil(chart.marks.length / 24));
  chart.marks.filter((_, n) => (chart.marks.length - 1 - n) % every === 0).forEach(([turn, value]) => diamond(pen, x(turn), y(value), 3.5));
}

function axes(pen, { low, high, first, last, x, y, width, height }) {
  const { found, digits } = ticks(low, high);
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const value of found) {
    pen.fillStyle = COLOURS.grid;
    pen.fillRect(LEFT, Math.round(y(value)), width - LEFT - RIGHT, 1);
    pen.fillStyle = COLOURS.limit;
    pen.fillText(value.toFixed(digits), LEFT - 6, y(value));
  }
  pen.textBaseline = "alphabetic";
  pen.fillStyle = COLOURS.limit;
  pen.textAlign = "left";
  pen.fillText(String(first), LEFT, height - 4);
  pen.textAlign = "right";
  pen.fillText(`turn ${last}`, width - RIGHT, height - 4);
}

function line(pen, points, x, y, colour, width, dash) {
  if (!points.length) return;
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.beginPath();
  points.forEach(([turn, value], n) => (n ? pen.lineTo(x(turn), y(value)) : pen.moveTo(x(turn), y(value))));
  pen.stroke();
  pen.setLineDash([]);
}

function diamond(pen, x, y, size) {
  pen.beginPath();
  pen.moveTo(x, y - size);
  pen.lineTo(x + size, y);
  pen.lineTo(x, y + size);
  pen.lineTo(x - size, y);
  pen.fill();
}
