// Fills each <div data-pingback-mentions data-target="URL"> with the mentions of that page; without data-target, of the
// page it stands in. The server has sanitized the markup; nothing in it runs while it is parsed.
(() => {
  "use strict";
  const { src } = document.currentScript;

  const fill = async (place) => {
    const canonical = document.querySelector("link[rel=canonical]");
    const target = place.dataset.target || (canonical || location).href.split("#")[0];
    const response = await fetch(new URL("mentions?per-page=1000&target=" + encodeURIComponent(target), src));
    if (!response.ok) return;
    const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
    const section = parsed.querySelector(".pingback-mentions");
    if (!section || !section.childElementCount) return;
    for (const link of section.querySelectorAll("a[rel~=next]")) link.href = new URL(link.getAttribute("href"), src);
    place.replaceChildren(section);
  };

  const run = () => document.querySelectorAll("[data-pingback-mentions]").forEach((place) => fill(place).catch(() => {}));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", run);
  else run();
})();
