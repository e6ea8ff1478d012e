"use strict";
// The chosen sample: its program as a heat map, the blame and its reason, the values at the divergence, the twin's diff.

const detailPane = document.getElementById("detail");
let view = "egca"; // or "grpo"
let shownDetail = null;
const TEST = ["failing test", "got", "error", "constraint"]; // facts that stand above the others
let onView = () => {};

async function showDetail(sample) {
  let detail;
  try {
    detail = await detailOf(sample);
  } catch (error) {
    shownDetail = null;
    detailPane.replaceChildren(heading(sample), make("p", { class: "note" }, `This browser can't open the sample's details: ${error.message}`));
    return;
  }
  if (listed[chosen] !== sample) return; // another one was chosen meanwhile
  shownDetail = detail;
  detailPane.replaceChildren(
    heading(sample), ...program(detail, sample), ...facts(detail, "The failing test", TEST), ...divergence(detail),
    ...edit(detail), ...facts(detail, "What is known", null), ...tokens(detail),
  );
}

function noDetail() {
  shownDetail = null;
  detailPane.replaceChildren(make("p", { class: "note" }, "No failing program passes the filters."));
}

function setView(next) {
  view = next;
  for (const radio of detailPane.querySelectorAll("input[name=view]")) radio.checked = radio.value === view;
  const drawn = detailPane.querySelector("pre.heat");
  if (drawn) {
    const fresh = heatMap(shownDetail, view);
    const focused = document.activeElement === drawn;
    fresh.scrollLeft = drawn.scrollLeft;
    drawn.replaceWith(fresh);
    if (focused) fresh.focus();
    detailPane.querySelector(".legend-heat").replaceWith(heatLegend(shownDetail));
  }
  onView();
}

function heading(sample) {
  return make("header", {},
    make("h3", {}, nameOf("task", sample)),
    make("p", { class: "chips" },
      ...runBadge(sample),
      make("span", { class: "chip" }, nameOf("mode", sample)), make("span", { class: "chip" }, `step ${SAMPLES.step[sample]}`),
      make("span", { class: `chip sure-${SAMPLES.sure[sample]}` }, sureMark(sample), ` ${nameOf("sure", sample)}`),
    ),
  );
}

function program(detail, sample) {
  const words = make("p", { class: "credit" }, detail.credit_words);
  if (detail.by === "none") {
    const why = SAMPLES.short[sample] ? "A short row: its step had more failing samples than egca.evidence_rows, so that its program was not kept." : "The row holds no program.";
    const places = detail.place.map(([line, col, endLine, endCol]) => `line ${line}, column ${col + 1} to line ${endLine}, column ${endCol}`).join("; ");
    return [words, make("p", { class: "note" }, why + (places ? ` Blamed: ${places}.` : ""))];
  }
  return [words, toggle(), heatMap(detail, view), heatLegend(detail), pointed(detail)];
}

function toggle() {
  const option = (value, name) => {
    const input = make("input", { type: "radio", name: "view", value });
    input.checked = view === value;
    input.addEventListener("change", () => setView(value));
    return make("label", {}, input, make("span", {}, name));
  };
  return make("fieldset", { class: "toggle" }, make("legend", {}, "Advantage by"), option("egca", "EGCA"), option("grpo", "GRPO (uniform)"));
}

function heatLegend(detail) {
  const { credit } = detail;
  const most = Math.max(Math.abs(credit.on), Math.abs(credit.uniform));
  const key = (value, name) => {
    const swatch = make("span", { class: `key piece ${value < 0 ? "down" : value > 0 ? "up" : ""}` });
    if (value) swatch.style.setProperty("--heat", heatOf(value, most));
    return make("li", {}, swatch, `${signed(value)} ${name}`);
  };
  const uniform = view === "grpo" || !credit.focused;
  const keys = uniform ? [key(credit.uniform, "each token")] : [key(credit.on, "each blamed token"), key(credit.else, "each other token")];
  if (detail.lines.some((line) => line.some(([, , blamed]) => blamed))) keys.push(make("li", {}, make("mark", { class: "key piece" }, ""), "blamed"));
  if (detail.by === "token" && detail.lines.some((line) => line.some(([, token]) => token < 0))) keys.push(make("li", { class: "prompt" }, "grey: not written by the policy"));
  return make("ul", { class: "legend legend-heat" }, ...keys);
}

function pointed(detail) {
  const around = detail.tokens - detail.own;
  const plain = detail.by === "token"
    ? around > 0 ? `${detail.own} of the response's ${detail.tokens} tokens write this program; the rest is text around it and the end mark.` : `All of the response's ${detail.tokens} tokens write this program.`
    : "This row holds no token boundaries: it is coloured by character range, not by token.";
  return make("p", { class: "note pointed", "data-plain": plain }, plain);
}

function point(event) {
  const line = detailPane.querySelector(".pointed");
  if (!line || !shownDetail) return;
  const shown = event.target.closest?.(".heat .piece[data-blamed]");
  const words = shown ? pieceInWords(shownDetail, shown) : line.dataset.plain;
  if (line.textContent !== words) line.textContent = words;
}

function divergence(detail) {
  if (!detail.divergence) return [];
  const [candidate, other, there] = detail.divergence;
  const side = (name, value, kind) => make("div", { class: kind }, make("h5", {}, name), make("p", { class: "code" }, value));
  return [make("section", {}, make("h4", {}, "At the divergence"), make("div", { class: "sides" }, side("this program", candidate, "is"), side(`the ${other}`, there, "should")))];
}

function edit(detail) {
  if (!detail.diff) return [];
  const code = make("code");
  const names = { "+": "added", "-": "removed", "@": "at" };
  for (const line of detail.diff.split("\n")) {
    const kind = line.startsWith("---") || line.startsWith("+++") ? "file" : names[line[0]] ?? "";
    code.append(make("span", { class: `line ${kind}` }, line), document.createTextNode("\n"));
  }
  return [make("section", {}, make("h4", {}, detail.mends), make("pre", { class: "diff", tabindex: "0", role: "group", "aria-label": "The twin's diff" }, code))];
}

// The named facts, or all others.
function facts(detail, title, names) {
  const wanted = detail.facts.filter(([name]) => (names ? names.includes(name) : !TEST.includes(name)));
  if (!wanted.length) return [];
  const body = make("dl", { class: "facts" });
  for (const [name, value] of wanted) {
    body.append(make("div", {}, make("dt", {}, name), make("dd", { class: names && name !== "constraint" ? "code" : "" }, value)));
  }
  return [make("section", {}, make("h4", {}, title), body)];
}

function tokens(detail) {
  if (detail.by !== "token") return [];
  const more = make("details", { class: "tokens" }, make("summary", {}, "Tokens as a table"));
  more.addEventListener("toggle", () => {
    if (more.open && more.childElementCount === 1) more.append(make("div", { class: "scroll" }, tokenTable(detail)));
  });
  return [more];
}
