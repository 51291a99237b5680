// Judging areas: picking on the figure, live totals. The page works without this file.
"use strict";

const boxOf = (area) => document.querySelector(`[data-areas] input[value="${CSS.escape(area)}"]`);

// --- the figure does what the list does ---
const tint = () => {
  for (const shape of document.querySelectorAll("[data-area]")) {
    const both = boxOf(shape.dataset.area.replace(/-.*/, "-both"));
    shape.classList.toggle("body-area--on", boxOf(shape.dataset.area).checked || Boolean(both && both.checked));
  }
};

document.addEventListener("click", (event) => {
  const shape = event.target.closest("[data-area]");
  if (shape) boxOf(shape.dataset.area).click();
});

document.addEventListener("change", (event) => {
  if (event.target.name === "area") {
    tint();
    document.querySelector("[data-show]").click();
  }
  const scale = event.target.closest("[data-scale]");
  if (scale) total(scale);
});

// --- while the chosen areas are fetched, nobody types into what is about to be replaced ---
const hold = (held) => (event) => {
  if (event.detail.target.id === "judged") document.getElementById("judged").inert = held;
};
document.addEventListener("htmx:beforeRequest", hold(true));
document.addEventListener("htmx:afterRequest", hold(false));

// --- live totals: the sum of the counted items once all are answered, and its band ---
const pointsOf = (form, name) => {
  const box = form.elements[name];
  return box && box.value !== "" ? Number(box.value) : NaN;
};

const total = (scale) => {
  const names = scale.dataset.scale.split(" ");
  const sum = names.reduce((before, name) => before + pointsOf(scale.closest("form"), name), 0);
  const band = JSON.parse(scale.dataset.bands).find(([low, high]) => low <= sum && sum <= high);
  scale.querySelector("[data-total]").value = Number.isNaN(sum) ? "" : [sum, band && band[2]].filter((each) => each !== undefined).join(" · ");
};

const totals = () => document.querySelectorAll("[data-scale]").forEach(total);
document.addEventListener("htmx:afterSettle", totals);
document.addEventListener("DOMContentLoaded", totals);
