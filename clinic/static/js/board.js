// Keys of the board; every one of them presses a link that is there without this file.
"use strict";

const SESSION = "a.sess, a.week__visit";
const STEP = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

// The session above or below in the column, or the one nearest in height in the next column that has any.
const neighbour = (session, [across, down]) => {
  const columns = [...document.querySelectorAll(".col, .week__day")].filter((col) => col.querySelector(SESSION));
  const here = columns.findIndex((col) => col.contains(session));
  const inColumn = (col) => [...col.querySelectorAll(SESSION)];
  if (down) return inColumn(columns[here])[inColumn(columns[here]).indexOf(session) + down];
  const next = columns[here + across];
  if (!next) return undefined;
  const top = session.getBoundingClientRect().top;
  const away = (each) => Math.abs(each.getBoundingClientRect().top - top);
  return inColumn(next).reduce((best, each) => (away(each) < away(best) ? each : best));
};

document.addEventListener("keydown", (event) => {
  const isHeld = event.ctrlKey || event.metaKey || event.altKey;
  if (isHeld || event.target.closest("input, textarea, select") || document.querySelector("dialog[open]")) return;
  const session = event.target.closest(SESSION);
  if (session && STEP[event.key]) {
    const next = neighbour(session, STEP[event.key]);
    event.preventDefault();
    if (next) next.focus();
    return;
  }
  if (localStorage.getItem("single-keys-off")) return;
  if (session && event.key.toLowerCase() === "m" && "move" in session.dataset) location.href = `${session.href}move/`;
  const link = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (link) link.click();
});

// Whoever points at a session reads it in words, as those do who hear it.
document.addEventListener("pointerover", (event) => {
  const session = event.target.closest(SESSION);
  if (session && !session.title) session.title = session.getAttribute("aria-label");
});

// What is on now comes into view: the hour, and on narrow screens the day.
const board = document.querySelector("[data-board]");
const today = board && board.querySelector(".col--today, .week__day--today");
const line = today && today.querySelector(".now");
if (line) board.scrollTop = line.offsetTop - board.clientHeight / 3;
if (today && board.querySelectorAll(".col--today, .week__day--today").length === 1) {
  board.scrollLeft = today.offsetLeft - board.offsetLeft - 54;
  if (!line) board.scrollTop = today.offsetTop - board.offsetTop;
}
