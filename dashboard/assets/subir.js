// Sending files from the page «Subir ventas». The browser reads the first 64 KiB of a file, no more, and then sends it
// itself, straight from the disk to the bucket: neither this page nor the dashboard's server ever holds all of it.
// Several files wait in a row and are looked at and sent one after another.
(function () {
  var HEAD_BYTES = 65536;
  var SHOWN_EVERY_MILLISECONDS = 200;
  var row = []; // files that wait
  var current = null; // {id, file}
  var request = null;
  var unseen = null; // what arrived while another page was open

  function onPage() {
    return document.getElementById("upload-drop") !== null;
  }
  function put(id, props) {
    if (onPage()) window.dash_clientside.set_props(id, props);
  }
  function phase(name) {
    put("upload-phase", { data: name });
  }
  function word(name) {
    var words = document.getElementById("upload-words");
    return words ? words.dataset[name] : "";
  }
  function amount(bytes) {
    var megabytes = bytes / 1048576;
    var digits = megabytes < 10 ? 1 : 0;
    return new Intl.NumberFormat(document.documentElement.lang === "en" ? "en-GB" : "es-AR", {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(megabytes) + " MB";
  }

  function choose(files) {
    row = row.concat(Array.from(files));
    if (!current) next();
  }
  function next() {
    current = row.length ? { id: Date.now() + "-" + Math.random(), file: row.shift() } : null;
    put("send-problem", { hidden: true });
    if (!current) {
      put("upload-file", { data: null });
      return phase("empty");
    }
    phase("chosen");
    look(current);
  }
  function look(chosen) {
    var reader = new FileReader();
    reader.onload = function () {
      if (chosen !== current) return;
      put("upload-file", {
        data: {
          id: chosen.id,
          name: chosen.file.name,
          size: chosen.file.size,
          head: reader.result.slice(reader.result.indexOf(",") + 1),
          waiting: row.length,
        },
      });
    };
    reader.onerror = function () {
      if (chosen === current) fault("unreadable");
    };
    reader.readAsDataURL(chosen.file.slice(0, HEAD_BYTES));
  }
  function fault(name) {
    phase("chosen");
    put("send-problem-text", { children: word(name) });
    put("send-problem", { hidden: false });
  }

  function send(link) {
    if (!current || !link || link.id !== current.id || request) return;
    request = new XMLHttpRequest();
    request.open(link.method, link.url);
    request.upload.onprogress = shown();
    request.onload = function () {
      var answered = request;
      request = null;
      if (answered.status === 200) arrived(link, answered);
      else fault(answered.status === 403 ? "expired" : "store");
    };
    request.onerror = function () {
      request = null;
      fault("lost");
    };
    request.onabort = function () {
      request = null;
      phase("chosen");
    };
    put("send-problem", { hidden: true });
    progress(0, current.file.size);
    phase("sending");
    request.send(current.file);
  }
  function shown() {
    var last = 0;
    return function (event) {
      var now = performance.now();
      if (now - last < SHOWN_EVERY_MILLISECONDS && event.loaded < event.total) return;
      last = now;
      progress(event.loaded, event.total);
    };
  }
  function progress(sent, total) {
    var percent = total ? Math.floor((100 * sent) / total) : 100;
    var blank = document.documentElement.lang === "en" ? "" : " ";
    put("upload-progress", { value: percent });
    put("upload-progress-text", {
      children: percent + blank + "% · " + amount(sent) + " " + word("of") + " " + amount(total),
    });
  }
  function arrived(link, answered) {
    var told = Object.assign({}, link, {
      url: null,
      size: current.file.size,
      // Both are null where the store does not let a page read them; the run is then found by its key.
      version_id: header(answered, "x-amz-version-id"),
      etag: (header(answered, "etag") || "").replaceAll('"', "") || null,
    });
    if (onPage()) put("upload-sent", { data: told });
    else unseen = told;
    next();
  }

  function header(answered, name) {
    var shown = answered.getAllResponseHeaders().toLowerCase();
    return shown.split("\r\n").some(function (line) { return line.startsWith(name + ":"); })
      ? answered.getResponseHeader(name)
      : null; // asked for all the same, it would be an error in the browser's log
  }

  function zone(event) {
    return event.target.closest && event.target.closest("#upload-drop");
  }
  document.addEventListener("click", function (event) {
    if (event.target.closest("#upload-pick")) document.getElementById("upload-input").click();
    if (event.target.closest("#upload-cancel") && request) request.abort();
    if (event.target.closest("#upload-drop-it")) next();
  });
  document.addEventListener("dragover", function (event) {
    if (!onPage()) return;
    event.preventDefault(); // else a file dropped beside the field would replace the page
    if (zone(event)) zone(event).classList.add("over");
  });
  document.addEventListener("dragleave", function (event) {
    if (onPage() && zone(event) && !zone(event).contains(event.relatedTarget)) zone(event).classList.remove("over");
  });
  document.addEventListener("drop", function (event) {
    if (!onPage()) return;
    event.preventDefault();
    if (!zone(event)) return;
    zone(event).classList.remove("over");
    choose(event.dataTransfer.files);
  });
  window.addEventListener("beforeunload", function (event) {
    if (request) event.preventDefault();
  });
  document.addEventListener("DOMContentLoaded", function () {
    var input = document.createElement("input");
    input.type = "file";
    input.id = "upload-input";
    input.multiple = true;
    input.hidden = true;
    input.addEventListener("change", function () {
      choose(input.files);
      input.value = ""; // the same file may be chosen again, mended
    });
    document.body.append(input);
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    upload: {
      // The page was opened, perhaps again while a file is on its way.
      opened: function (_id) {
        if (unseen) put("upload-sent", { data: unseen });
        unseen = null;
        if (current && !request) look(current);
        return request ? "sending" : current ? "chosen" : "empty";
      },
      parts: function (name) {
        return [name !== "empty", name !== "chosen", name !== "sending"];
      },
      send: function (link) {
        send(link);
        return window.dash_clientside.no_update;
      },
    },
  });
})();
