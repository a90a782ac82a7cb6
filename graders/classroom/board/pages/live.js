/* Follows a stream of the board, through restarts of it. */
"use strict";

// The board sends a message every 10 s even if nothing has changed.
const SILENT_MS = 25000;

function follow(path, show) {
  const told = document.getElementById("live");
  let source;
  let heard = Date.now();

  function open() {
    source = new EventSource(path);
    source.onmessage = (message) => {
      heard = Date.now();
      told.textContent = "live";
      told.className = "live";
      show(JSON.parse(message.data));
    };
    source.onerror = lost;
  }

  function lost() {
    told.className = "lost";
    told.textContent = "The board does not answer; trying again.";
  }

  // A browser gives up when a proxy answers in the board's place.
  setInterval(() => {
    if (source.readyState !== EventSource.CLOSED &&
        Date.now() - heard < SILENT_MS) return;
    lost();
    source.close();
    // Logged out, the page itself leads to the form.
    fetch(location.href, { redirect: "manual" }).then((answer) => {
      if (answer.type === "opaqueredirect") location.reload();
    }, () => {});
    heard = Date.now();
    open();
  }, 3000);
  open();
}
