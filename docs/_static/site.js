// For readers with a keyboard or a screen reader: what scrolls can be reached, headings have a level.
(() => {
  const boxes = "pre, div.math, .rm-scroll, .table-wrapper, .cell_output .output.text_html";
  const reach = () => {
    for (const box of document.querySelectorAll(boxes)) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  const start = () => {
    for (const caption of document.querySelectorAll("p.caption[role=heading]")) {
      caption.setAttribute("aria-level", "2");
    }
    for (const lines of document.querySelectorAll("dt.sig dl")) {  // a signature's parameters
      lines.setAttribute("role", "list");
      for (const line of lines.children) line.setAttribute("role", "listitem");
    }
    reach();
    addEventListener("resize", reach);
    document.addEventListener("toggle", reach, true);
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
