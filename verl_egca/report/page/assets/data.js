"use strict";
// The page's data: an index of all failing samples, and their details, which are opened a chunk at a time.

const DATA = JSON.parse(document.getElementById("data").textContent);
const SAMPLES = DATA.samples;
const COUNT = SAMPLES.step.length;
const opened = new Map(); // chunk -> promise of its details

function detailOf(sample) {
  const chunk = Math.floor(sample / DATA.chunk);
  if (!opened.has(chunk)) opened.set(chunk, openChunk(chunk));
  return opened.get(chunk).then((details) => details[sample % DATA.chunk]);
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
