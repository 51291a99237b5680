// Which texts of a page are printed over each other: each pair in a sentence, by its words. In a drawing two words on
// one line may not even touch.
() => {
  const clipped = (box, element) => {
    let { left, top, right, bottom } = box;
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      if (getComputedStyle(at).overflow === "visible") continue;
      const edge = at.getBoundingClientRect();
      left = Math.max(left, edge.left); right = Math.min(right, edge.right);
      top = Math.max(top, edge.top); bottom = Math.min(bottom, edge.bottom);
    }
    return { left, top, right, bottom };
  };
  const floats = (element) => {
    for (let at = element; at; at = at.parentElement) {
      if (["fixed", "sticky"].includes(getComputedStyle(at).position)) return true;
    }
    return false;
  };
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
    if (element.closest("script, style, option, svg title") || floats(element)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const line of range.getClientRects()) {
      const box = clipped(line, element);
      if (box.right - box.left <= 4 || box.bottom - box.top <= 4) continue;
      texts.push({ box, words: node.data.trim().slice(0, 60), node, drawing: element.closest("svg") });
    }
  }
  texts.sort((a, b) => a.box.top - b.box.top);
  const found = new Set();
  texts.forEach((one, at) => {
    for (let next = at + 1; next < texts.length && texts[next].box.top < one.box.bottom - 4; next++) {
      const other = texts[next];
      if (other.node === one.node) continue;
      const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const high = Math.min(one.box.bottom, other.box.bottom) - other.box.top;
      const least = one.drawing && one.drawing === other.drawing ? -2 : 3;
      if (wide > least && high > 4) found.add(`“${one.words}” over “${other.words}”`);
    }
  });
  return [...found].slice(0, 5);
}
