"use strict";
// The page's data: an index of all failing samples, and their details, opened a chunk at a time.

const DATA = JSON.parse(document.getElementById("data").textContent);
const SAMPLES = DATA.samples;
const COUNT = SAMPLES.step.length;
const opened = new Map(); // chunk -> promise of its details

async function detailOf(sample) {
  const chunk = Math.floor(sample / DATA.chunk);
  if (!opened.has(chunk)) opened.set(chunk, openChunk(chunk));
  const detail = (await opened.get(chunk))[sample % DATA.chunk];
  return { ...detail, lines: expanded(detail) };
}

// Pieces as [text, token or -1, blamed], from the lists of programs.py.
function expanded({ by, lines, spans }) {
  let next = 0;
  return lines.map((items) => items.flatMap((item) => {
    if (typeof item === "number") {
      next = item;
      return [];
    }
    if (by === "character") return [typeof item === "string" ? [item, -1, 0] : [item[0], -1, 1]];
    if (typeof item !== "string") return [[item[0], -1, 0]];
    const token = next++;
    return [[item, token, spans.some(([first, last]) => first <= token && token < last) ? 1 : 0]];
  }));
}

async function openChunk(chunk) {
  const text = document.getElementById(`details-${chunk}`).textContent;
  if (!DATA.packed) return JSON.parse(text);
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function nameOf(column, sample) {
  return SAMPLES.names[column][SAMPLES[column][sample]];
}
