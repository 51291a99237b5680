// Two photos under one slider. Without this file they stand side by side.
"use strict";

for (const pair of document.querySelectorAll("[data-compare]")) {
  const slider = pair.querySelector("input[type=range]");
  pair.classList.add("compare");
  for (const hidden of pair.querySelectorAll("[hidden]")) hidden.hidden = false;
  const cut = () => pair.style.setProperty("--cut", `${slider.value}%`);
  slider.addEventListener("input", cut);
  cut();
}
