"use strict";
// A policy's text becomes text nodes, never markup. Invisible characters and those that reverse a line show as escapes.

const UNSEEN = /[^\P{C}\t\n]|[\p{Zl}\p{Zp}]/gu;

function visible(text) {
  return text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
  });
}

// An element with attributes and children; strings become text.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  for (const child of children) {
    element.append(typeof child === "string" ? document.createTextNode(visible(child)) : child);
  }
  return element;
}

function signed(value) {
  if (value === null) return "no number";
  if (value === 0) return "0";
  const size = Math.abs(value);
  return (value < 0 ? "\u2212" : "+") + (size >= 1e-4 ? size.toFixed(4) : size.toExponential(1));
}
