/* The theme starts the worker that searches with every page. This one waits
 * until somebody is about to search: most readers of a page never do.
 *
 * Browsers start no worker at all for a page that was opened from disk. There
 * the worker's script runs in a hidden frame instead. */
"use strict";

(function () {
  const Native = window.Worker;
  const BOX = "[data-md-component=search-query]";

  function wanted() {
    if (new URLSearchParams(location.search).has("q")) return Promise.resolve();
    return new Promise((resolve) => {
      document.addEventListener("focusin", (event) => {
        if (event.target.matches(BOX)) resolve();
      });
    });
  }

  function run(inner, url) {
    return new Promise((resolve, reject) => {
      const script = inner.document.createElement("script");
      script.src = new URL(url, document.baseURI);
      script.onload = resolve;
      script.onerror = reject;
      inner.document.head.append(script);
    });
  }

  /* Both return what sends the worker a message. */
  function inWorker(url, hear) {
    const worker = new Native(url);
    worker.addEventListener("message", (event) => hear(event.data));
    return (data) => worker.postMessage(data);
  }

  async function inFrame(url, hear) {
    const frame = document.createElement("iframe");
    frame.hidden = true;
    frame.title = "search";
    document.documentElement.append(frame);
    const inner = frame.contentWindow;
    inner.postMessage = hear;
    inner.importScripts = (...urls) => urls.reduce(
      (before, one) => before.then(() => run(inner, one)),
      Promise.resolve(),
    );
    await run(inner, url);
    return (data) => {
      inner.dispatchEvent(new MessageEvent("message", { data }));
    };
  }

  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const begin = location.protocol === "file:" ? inFrame : inWorker;
      const hear = (data) => {
        this.dispatchEvent(new MessageEvent("message", { data }));
      };
      this.ready = wanted().then(() => begin(url, hear));
    }

    postMessage(data) {
      this.ready.then((send) => send(data));
    }
  };
})();
