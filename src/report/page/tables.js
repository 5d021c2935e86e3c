// Sortable tables.

/** Builds a table into `place`. columns: {name, word?, prose?}; rows: {cells: [{text, sort?, kind?}], id?}. */
function buildTable(place, columns, rows) {
  const kinds = (column, cell) => [column.word && "word", column.prose && "prose", cell.kind]
    .filter(kind => kind).join(" ");
  const lines = rows.map(row => ({
    row, shown: element("tr", { "data-id": row.id }, ...row.cells.map((cell, index) =>
      element("td", { class: kinds(columns[index], cell) || null, style: shadeOf(cell) }, cell.text))),
  }));
  const body = element("tbody", {}, ...lines.map(line => line.shown));
  const heads = columns.map((column, index) => {
    const button = element("button", { type: "button" }, column.name);
    const head = element("th", { scope: "col", class: column.word ? "word" : null }, button);
    button.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      lines.sort((a, b) => compareCells(a.row.cells[index], b.row.cells[index], descending));
      body.append(...lines.map(line => line.shown));
    });
    return head;
  });
  place.replaceChildren(element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body));
}

/** cell.shade: 0 to 1, how much of the accent lies behind the number. */
const shadeOf = cell => cell.shade === undefined ? null
  : `background: color-mix(in srgb, var(--accent) ${Math.round(45 * cell.shade)}%, transparent)`;

/** Numbers by value, words by letters; what is absent comes last either way. */
function compareCells(a, b, descending) {
  const left = a.sort === undefined ? a.text : a.sort, right = b.sort === undefined ? b.text : b.sort;
  const absent = value => value === null || value === undefined;
  if (absent(left) || absent(right)) return absent(left) - absent(right);
  const order = typeof left === "number" ? left - right : left.localeCompare(right, "en", { numeric: true });
  return descending ? -order : order;
}

const word = text => ({ text: text ?? "" });
const number = (value, text, kind) => ({ text, sort: known(value) ? value : null, kind });

/** A label that may break after its separators. */
const breakable = label => label.replace(/[/_,]/g, "$&\u200b");

function buildLossless() {
  const labels = [];
  allSeries.forEach(series => { labels[series.style] = series.label; });
  byId("lossless-section").hidden = labels.length === 0 || (models.length === 1 && labels.length < 2);
  const columns = [{ name: "model", word: true }, ...labels.map(label => ({ name: breakable(label) }))];
  buildTable(byId("lossless-table"), columns,
    models.map(model => ({
      cells: [word(model.id), ...labels.map((_, style) => {
        const series = seriesOf(model).find(each => each.style === style);
        if (!series) return number(null, "");
        const { lossless } = series;
        return lossless > 0 ? { ...number(lossless, String(lossless)), shade: lossless / 16 } : number(99, "–", "worse");
      })],
    })));
}

/** The series of a cell names what it has beyond its scheme; cells that are no point of a curve show the scheme. */
const seriesOfCell = new Map(allSeries.flatMap(series => series.cells.map(cell => [cell, series])));
function labelOf(cell) {
  const label = seriesOfCell.get(cell)?.label ?? cell.scheme;
  return cell.quant_seed > 0 ? `${label}, seed ${cell.quant_seed}` : label;
}

function cellRow(cell, withModel) {
  const model = models.find(each => each.id === cell.model), { regression } = model, change = cell.vs_float;
  const failed = cell.status === "failed", low = valueText(cell.low, regression).replace(" %", "");
  return {
    id: cell.index,
    cells: [
      ...(withModel ? [word(cell.model)] : []), word(labelOf(cell)), number(cell.bits, String(cell.bits)),
      number(cell.value, failed ? "failed" : valueText(cell.value, regression), failed ? "worse" : null),
      number(cell.low, known(cell.low) ? `${low} – ${valueText(cell.high, regression)}` : "–"),
      number(change.delta, changeText(change.delta, regression), change.verdict),
      { text: failed ? (cell.error ?? "") : changeName(change.verdict), kind: change.verdict },
      number(change.p_holm, probabilityText(change.p_holm)), number(change.flipped, countText(change.flipped)),
      number(cell.size.bytes_ideal, bytesText(cell.size.bytes_ideal)),
      number(cell.size.bytes_file, bytesText(cell.size.bytes_file)),
    ],
  };
}

function buildCells(state) {
  byId("cells-section").hidden = cells.length === 0;
  byId("cells-choice").hidden = models.length < 2;
  const shown = cells.filter(cell => state.allCells || cell.model === models[state.model].id);
  buildTable(byId("cells-table"), [
    ...(state.allCells ? [{ name: "model", word: true }] : []), { name: "scheme", word: true }, { name: "bits" },
    { name: "value" }, { name: "95 % interval" }, { name: "change" }, { name: "against float", word: true },
    { name: "p (Holm)" }, { name: "flipped" }, { name: "ideal" }, { name: "file" },
  ], shown.map(cell => cellRow(cell, state.allCells)));
}

/** Marks the row of the slider's cell, leaving the reader's sorting as it is. */
function markCell(state) {
  const table = byId("cells-table");
  table.querySelector("tr.now")?.classList.remove("now");
  if (state.cell) table.querySelector(`tr[data-id="${state.cell.index}"]`)?.classList.add("now");
}

function buildStochastic() {
  const rows = results.stochastic ?? [];
  byId("stochastic-section").hidden = rows.length === 0;
  buildTable(byId("stochastic-table"), [{ name: "model", word: true }, { name: "scheme", word: true }, { name: "bits" },
    { name: "seeds" }, { name: "mean" }, { name: "lowest" }, { name: "highest" }],
  rows.map(row => {
    const regression = models.find(model => model.id === row.model)?.regression;
    return { cells: [word(row.model), word(row.scheme), number(row.bits, String(row.bits)),
      number(row.seeds, countText(row.seeds)),
      number(row.mean, valueText(row.mean, regression)), number(row.spread_low, valueText(row.spread_low, regression)),
      number(row.spread_high, valueText(row.spread_high, regression))] };
  }));
}

function buildLiterature() {
  const rows = results.literature ?? [];
  byId("literature-section").hidden = rows.length === 0;
  buildTable(byId("literature-table"), [{ name: "model", word: true }, { name: "method", word: true }, { name: "bits" },
    { name: "theirs" }, { name: "ours" }, { name: "difference" }, { name: "source", word: true }],
  rows.map((row, index) => {
    const ours = cells[derived.literature[index]] ?? null;
    const regression = ours ? models.find(model => model.id === ours.model).regression : row.value > 1;
    const difference = ours ? ours.value - row.value : null;
    return { cells: [word(row.model), word(row.method), number(row.bits, String(row.bits ?? "–")),
      number(row.value, valueText(row.value, regression)), number(ours?.value, valueText(ours?.value, regression)),
      number(difference, changeText(difference, regression)), word(row.source)] };
  }));
}

function buildClaims() {
  const rows = results.claims ?? [];
  byId("claims-section").hidden = rows.length === 0;
  const kindOf = verdict => ["holds", "fails", "undecided"].find(kind => kind === verdict);
  buildTable(byId("claims-table"), [{ name: "claim", word: true }, { name: "verdict", word: true },
    { name: "what it says", word: true, prose: true }, { name: "p (Holm)" }],
  rows.map(row => ({ cells: [word(row.id), { text: row.verdict ?? "", kind: kindOf(row.verdict) }, word(row.text),
    number(row.p_holm, probabilityText(row.p_holm))] })));
}

function buildOrigin() {
  const study = results.study ?? {};
  const facts = [["Command", study.command], ["Made", study.created], ["Halftone", study.halftone],
    ["Processor", study.cpu], ["Seed", study.seed], ["SHA-256 of the study", study.hash]];
  byId("origin").replaceChildren(...facts.filter(([, value]) => value !== undefined && value !== null && value !== "")
    .flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))]));
}
