// State and wiring: which model, which scheme, how many bits. Everything on the page follows from these three.

const state = {
  model: derived.verdict_model, series: null, bits: 16, widths: [], cell: null, zoom: "full", layer: 0, allCells: false,
};

/** Widths that the slider stops at for a model, ascending. */
function widthsOf(model) {
  const own = new Set(seriesOf(model).flatMap(series => series.cells.map(cell => cell.bits)));
  return [...own].sort((a, b) => a - b);
}

/** Changes the state (any of model, series, bits, zoom, layer, allCells, theme) and redraws what depends on it. */
function choose(change) {
  const newModel = "model" in change;
  Object.assign(state, change);
  const model = models[state.model];
  if (newModel) {
    state.widths = widthsOf(model);
    state.series = allSeries[model.headline_series] ?? seriesOf(model)[0] ?? null;
    state.bits = model.headline_bits ?? state.widths[state.widths.length - 1];
    showOpening(model);
  }
  byId("explore").hidden = state.series === null;
  state.cell = cellAt(state.series, state.bits);
  if (state.series !== null) {
    showStrip(model);
    if (newModel || "series" in change || "zoom" in change || "theme" in change) {
      showLegend(model);
      drawCurve(state);
      drawSize(state);
      if (newModel || "theme" in change) drawChange(state);
    }
    drawLayers(state);
    moveCursors(state);
    drawInside(state);
  }
  if (newModel || "allCells" in change) buildCells(state);
  markCell(state);
}

function showOpening(model) {
  const facts = [model.id, model.dataset, known(model.parameters) ? `${countText(model.parameters)} parameters` : null,
    known(model.bytes_f32) ? `${bytesText(model.bytes_f32)} in float` : null];
  byId("about").textContent = facts.filter(fact => fact).join(" · ");
  // The first clause carries the news; the rest is set quieter.
  const cut = model.verdict.indexOf(": ") + 1;
  byId("verdict").replaceChildren(model.verdict.slice(0, cut),
    element("span", { class: cut > 0 ? "rest" : null }, model.verdict.slice(cut)));
  byId("command").textContent = model.command;
  byId("command-section").hidden = model.command === "";
  byId("model").value = String(model.index);
  byId("curve-title").textContent = model.regression ? "Error against bits" : "Accuracy against bits";
  byId("curve-hint").textContent = (model.regression ? "Mean squared error on a logarithmic axis, lower is better. " : "")
    + "Bands are 95 % intervals. Pick a scheme; the slider below follows the axis.";
  byId("change-hint").textContent = model.regression
    ? "What each step in size does to the error, with 95 % intervals of the difference where the study stores them."
    : "What each step in size does to the accuracy, with the 95 % interval of the paired difference.";
  byId("change-hint").textContent += " The axis is logarithmic away from zero.";
}

function showStrip(model) {
  const { cell } = state, slider = byId("slider"), change = cell?.vs_float ?? {};
  const [first, last] = [state.widths[0], state.widths[state.widths.length - 1]].map(Math.log2);
  slider.value = last > first ? (Math.log2(state.bits) - first) / (last - first) : 1;
  slider.disabled = state.widths.length < 2;
  slider.setAttribute("aria-valuetext",
    cell ? `${bitsText(state.bits)}, ${valueText(cell.value, model.regression)}` : bitsText(state.bits));
  byId("read-bits").textContent = bitsText(state.bits);
  byId("read-scheme").textContent = state.series.label;
  byId("read-value").textContent = cell ? valueText(cell.value, model.regression) : "not measured";
  byId("read-change").textContent = cell && known(change.delta)
    ? `${changeText(change.delta, model.regression)}${model.regression ? "" : " points"}` : "";
  byId("read-mark").textContent = changeName(change.verdict);
  byId("read-mark").className = `mark ${change.verdict ?? ""}`;
  const ratio = known(cell?.size.ratio_ideal) ? ` (${cell.size.ratio_ideal.toFixed(1)}× smaller)` : "";
  byId("read-size").textContent = known(cell?.size.bytes_ideal) ? `${bytesText(cell.size.bytes_ideal)}${ratio}` : "";
  document.querySelectorAll(".bits-now").forEach(place => { place.textContent = bitsText(state.bits); });
}

/** A short piece of the line with its marker, as it looks in the plot. */
function swatch(series) {
  const { colour, dash, outline } = styleOf(series);
  const space = "http://www.w3.org/2000/svg", drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("viewBox", "0 0 34 12");
  drawing.setAttribute("aria-hidden", "true");
  for (const [path, fill, dashed] of [["M0 6H34", "none", dash.join(" ")], [outline, colour, ""]]) {
    const line = document.createElementNS(space, "path");
    Object.entries({ d: path, stroke: colour, fill, "stroke-width": 2, "stroke-dasharray": dashed || "none" })
      .forEach(([name, value]) => line.setAttribute(name, value));
    drawing.append(line);
  }
  return drawing;
}

function showLegend(model) {
  byId("legend").replaceChildren(...seriesOf(model).map(series => {
    const pressed = String(series === state.series);
    const button = element("button", { type: "button", "aria-pressed": pressed }, swatch(series), series.label);
    button.addEventListener("click", () => {
      choose({ series });
      byId("legend").querySelector("[aria-pressed=true]").focus(); // the legend was made anew
    });
    return button;
  }));
}

// ---- controls ----

function nearestWidth(position) {
  const first = Math.log2(state.widths[0]), last = Math.log2(state.widths[state.widths.length - 1]);
  const wanted = first + position * (last - first);
  const distance = bits => Math.abs(Math.log2(bits) - wanted);
  return state.widths.reduce((best, bits) => distance(bits) < distance(best) ? bits : best);
}

function stepWidth(key) {
  const { widths } = state, at = widths.indexOf(state.bits), last = widths.length - 1;
  const target = {
    ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, PageDown: at - 3, PageUp: at + 3,
    Home: 0, End: last,
  }[key];
  return target === undefined ? null : widths[Math.max(0, Math.min(last, target))];
}

function wireSlider() {
  const slider = byId("slider");
  slider.addEventListener("input", () => {
    if (state.series === null) return;
    const bits = nearestWidth(Number(slider.value));
    if (bits !== state.bits) choose({ bits });
    else showStrip(models[state.model]); // snaps the thumb back onto its width
  });
  slider.addEventListener("keydown", event => {
    const bits = state.series === null ? null : stepWidth(event.key);
    if (bits === null) return;
    event.preventDefault();
    if (bits !== state.bits) choose({ bits });
  });
}

/** A group of two buttons of which one is pressed. */
function wireChoice(ids, choices) {
  ids.forEach((id, index) => byId(id).addEventListener("click", () => {
    ids.forEach(other => byId(other).setAttribute("aria-pressed", String(other === id)));
    choose(choices[index]);
  }));
}

async function copyCommand() {
  const command = byId("command"), button = byId("copy");
  try {
    await navigator.clipboard.writeText(command.textContent);
    button.textContent = "Copied";
  } catch { // no clipboard for pages opened from a file in some browsers: select it for the reader
    getSelection().selectAllChildren(command);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  choose({ theme });
}

function wireControls() {
  models.forEach(model => byId("model").append(element("option", { value: model.index }, model.id)));
  byId("model-choice").hidden = models.length < 2;
  byId("model").addEventListener("change", event => choose({ model: Number(event.target.value) }));
  const layers = interactive?.layers ?? [];
  layers.forEach((layer, index) => byId("layer").append(element("option", { value: index }, layer.name)));
  byId("layer-choice").hidden = layers.length < 2;
  byId("layer").addEventListener("change", event => choose({ layer: Number(event.target.value) }));
  byId("theme").addEventListener("click", () => {
    delete document.documentElement.dataset.follow;
    setTheme(isDark() ? "light" : "dark");
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", event => {
    if ("follow" in document.documentElement.dataset) setTheme(event.matches ? "dark" : "light");
  });
  byId("copy").addEventListener("click", copyCommand);
  wireChoice(["zoom-full", "zoom-near"], [{ zoom: "full" }, { zoom: "near" }]);
  wireChoice(["cells-one", "cells-all"], [{ allCells: false }, { allCells: true }]);
  wireSlider();
  let resizing = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(resizing);
    resizing = requestAnimationFrame(() => { if (state.series) { alignSlider(); drawInside(state); } });
  });
  let before = null; // paper is white: print in light colours, then go back
  addEventListener("beforeprint", () => { before = document.documentElement.dataset.theme; setTheme("light"); });
  addEventListener("afterprint", () => { if (before !== null) setTheme(before); });
}

/** With #selftest in the address the page moves its own slider as a reader would and writes down what it saw. */
function selfTest() {
  const slider = byId("slider"), seen = [];
  const look = () => seen.push([state.bits, byId("read-bits").textContent, byId("read-value").textContent,
    byId("pictures").querySelectorAll(".lost").length, byId("histogram-note").textContent].join("|"));
  const press = key => slider.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
  press("End");
  look();
  for (let step = 1; step < state.widths.length; ++step) {
    press("ArrowLeft");
    look();
  }
  slider.value = 0.5;
  slider.dispatchEvent(new Event("input"));
  look();
  models.forEach(model => { byId("model").value = model.index; byId("model").dispatchEvent(new Event("change")); });
  document.querySelectorAll("th button").forEach(button => button.click());
  setTheme(isDark() ? "light" : "dark");
  document.body.append(element("pre", { id: "selftest" }, `${seen.join("\n")}\ndone`));
}

Chart.defaults.font.family = ink("sans");
wireControls();
buildPictures();
choose({ model: derived.verdict_model });
buildLossless();
buildStochastic();
buildLiterature();
buildClaims();
buildOrigin();
if (location.hash === "#selftest") selfTest();
