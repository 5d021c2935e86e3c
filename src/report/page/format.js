// What every part of the page uses: the data, texts of numbers, small helpers for the document.

const results = JSON.parse(document.getElementById("results").textContent);
const derived = JSON.parse(document.getElementById("derived").textContent);
const byId = id => document.getElementById(id);

/** An element with attributes and children; texts become text nodes, so that nothing in the data can be markup. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

const known = value => typeof value === "number" && Number.isFinite(value);
const withMinus = text => text.replace("-", "\u2212");
/** Two decimals of a percentage, ties away from zero: as in every other output of the report. */
const hundredths = share => Math.sign(share) * Math.round(Math.abs(share) * 1e4) / 100;

/** C's %.{digits}g. */
function significant(value, digits) {
  if (value === 0) return "0";
  const exponent = Number(value.toExponential(digits - 1).split("e")[1]);
  if (exponent >= -4 && exponent < digits) return String(Number(value.toPrecision(digits)));
  const mantissa = Number(value.toExponential(digits - 1).split("e")[0]);
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function valueText(value, regression) {
  if (!known(value)) return "–";
  return regression ? significant(value, 4) : `${hundredths(value).toFixed(2)} %`;
}

function changeText(delta, regression) {
  if (!known(delta)) return "–";
  const text = regression ? significant(delta, 3) : hundredths(delta).toFixed(2);
  return withMinus(text.startsWith("-") ? text : `+${text}`);
}

function bytesText(bytes) {
  if (!known(bytes)) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; bytes >= 999.5 && unit + 1 < units.length; ++unit) bytes /= 1000;
  return `${bytes.toFixed(unit === 0 || bytes >= 99.95 ? 0 : bytes >= 9.995 ? 1 : 2)} ${units[unit]}`;
}

const countText = count => known(count) ? count.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ",") : "–";
const probabilityText = p => !known(p) ? "–" : p < 0.001 ? "< 0.001" : p.toFixed(3);
const bitsText = bits => bits === 1 ? "1 bit" : `${bits} bits`;
const changeNames = { noise: "within noise", worse: "detectably worse", better: "detectably better" };
const changeName = verdict => changeNames[verdict] ?? "";

const models = results.models.map((model, index) => ({
  ...model, ...derived.models[index], index, regression: model.task === "regression", float: model.float ?? {},
}));
const cells = (results.cells ?? []).map((cell, index) => ({
  ...cell, index, vs_float: cell.vs_float ?? {}, size: cell.size ?? {}, layers: cell.layers ?? [],
  deltaLow: derived.delta_intervals[index]?.[0] ?? null, deltaHigh: derived.delta_intervals[index]?.[1] ?? null,
}));
const allSeries = derived.series.map((series, index) => ({
  ...series, index, cells: series.cells.map(at => cells[at]),
}));
const seriesOf = model => allSeries.filter(series => series.model === model.index);
const cellAt = (series, bits) => series?.cells.find(cell => cell.bits === bits) ?? null;

/** A custom property of the style sheet, in the colours of the current theme. */
const ink = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const isDark = () => document.documentElement.dataset.theme === "dark";

// Okabe and Ito's colours, darkened or lightened until each stands out from its paper. Dash and marker differ as well.
const lightColours = ["#0072b2", "#c94f00", "#00785c", "#a8467f", "#8a6100", "#2b8fc4", "#5a4fb0", "#55545c"];
const darkColours = ["#56b0ea", "#ff9350", "#35c79d", "#eb93c9", "#e5b84a", "#9ad9ff", "#aca1ff", "#c6c5cc"];
const dashes = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 4], [12, 4]];
// Shapes that can be filled or hollow: [Chart.js's name, rotation in degrees, outline in a box of 34 x 12].
const markers = [
  ["circle", 0, "M13.5 6a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0"], ["rect", 0, "M14 3h6v6h-6z"],
  ["triangle", 0, "M17 2l4 7h-8z"], ["rectRot", 0, "M17 1.5l4.5 4.5l-4.5 4.5l-4.5-4.5z"],
  ["triangle", 180, "M17 10l4-7h-8z"],
];
function styleOf(series) {
  const colours = isDark() ? darkColours : lightColours;
  const [marker, rotation, outline] = markers[series.style % markers.length];
  const colour = colours[series.style % colours.length], dash = dashes[series.style % dashes.length];
  return { colour, dash, marker, rotation, outline };
}
