/* Each block of code gets a <nav> for its copy button from the theme. Screen
 * readers would list them all as parts of the page. */
"use strict";

new MutationObserver(() => {
  for (const nav of document.querySelectorAll(".md-code__nav:not([role])")) {
    nav.setAttribute("role", "none");
  }
}).observe(document.body, { childList: true, subtree: true });
