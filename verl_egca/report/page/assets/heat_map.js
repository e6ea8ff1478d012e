"use strict";
// A program coloured by the advantage of each token, under EGCA or under GRPO.

function heatMap(detail, view) {
  const { credit } = detail;
  const most = Math.max(Math.abs(credit.on), Math.abs(credit.uniform), Math.abs(credit.else));
  const code = make("code");
  detail.lines.forEach((line, number) => {
    const row = make("span", { class: "line", "data-line": number + 1 });
    for (const [text, token, blamed] of line) row.append(piece(detail, view, most, text, token, blamed));
    code.append(row);
  });
  return make("pre", { class: "heat", tabindex: "0", role: "group", "aria-label": heatMapLabel(detail, view) }, code);
}

// The advantage of one token under a view; without boundaries, of a blamed or another character's token.
function advantageOf(credit, view, blamed) {
  if (view === "grpo") return credit.uniform;
  return blamed ? credit.on : credit.else;
}

function piece(detail, view, most, text, token, blamed) {
  const own = token >= 0 || detail.by === "character";
  const shown = make(blamed ? "mark" : "span", { class: own ? "piece" : "piece prompt" });
  if (own) {
    const value = advantageOf(detail.credit, view, blamed);
    if (value) {
      shown.classList.add(value < 0 ? "down" : "up");
      shown.style.setProperty("--heat", heatOf(value, most));
    }
    if (token >= 0) shown.dataset.token = token;
    shown.dataset.blamed = blamed;
  }
  const ends = text.endsWith("\n");
  shown.append(document.createTextNode(visible(ends ? text.slice(0, -1) : text)));
  if (ends) shown.append(make("span", { class: "eol", "aria-hidden": "true" }, "↵"), document.createTextNode("\n"));
  return shown;
}

// The strength of the colour: small shares of the largest advantage stay visible; the legend has the numbers.
function heatOf(value, most) {
  return `${Math.round(100 * Math.max(0.22, Math.abs(value) / most))}%`;
}

function heatMapLabel(detail, view) {
  const rule = view === "grpo" ? "GRPO: every token has the same advantage" : "EGCA: the advantage is on the blamed tokens";
  return `The program, coloured by advantage. ${rule}.`;
}

// A piece's advantage in words, shown under the pointer.
function pieceInWords(detail, shown) {
  const blamed = shown.dataset.blamed === "1";
  const egca = signed(advantageOf(detail.credit, "egca", blamed));
  const grpo = signed(detail.credit.uniform);
  const what = detail.by === "token" ? `token ${shown.dataset.token}` : blamed ? "blamed characters" : "other characters";
  return `${what}: EGCA ${egca}, GRPO ${grpo} ${detail.by === "token" ? "" : "a token"}`.trim();
}

// All tokens in a table, for screen readers.
function tokenTable(detail) {
  const body = make("tbody");
  for (const [number, line] of detail.lines.entries()) {
    for (const [text, token, blamed] of line) {
      if (token < 0) continue;
      body.append(
        make("tr", {},
          make("td", { class: "n" }, String(token)), make("td", { class: "n" }, String(number + 1)),
          make("th", { scope: "row" }, make("code", {}, JSON.stringify(text).slice(1, -1))), make("td", {}, blamed ? "blamed" : ""),
          make("td", { class: "n" }, signed(advantageOf(detail.credit, "egca", blamed))), make("td", { class: "n" }, signed(detail.credit.uniform)),
        ),
      );
    }
  }
  const head = ["Token", "Line", "Text", "", "EGCA", "GRPO"].map((name, at) => make("th", { scope: "col", class: at === 2 || at === 3 ? "" : "n" }, name));
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), body);
}
