// Fills each <div data-pingback-mentions data-target="URL"> with the mentions of that page; without data-target, of the
// page it stands in. Strangers chose their words: they are set as text, never as markup.
(() => {
  "use strict";
  const { src } = document.currentScript;
  const groups = { "like-of": "Liked by ", "repost-of": "Reposted by ", "bookmark-of": "Bookmarked by " };

  const add = (parent, tag, text = "", className = "") => {
    const element = parent.appendChild(document.createElement(tag));
    element.textContent = text;
    if (className) element.className = className;
    return element;
  };

  const addLink = (parent, url, text) => {
    const isHttp = /^https?:/i.test(url);
    const link = add(parent, isHttp ? "a" : "span");
    if (isHttp) Object.assign(link, { href: url, rel: "nofollow ugc" });
    add(link, "bdi", text);
  };

  const addThought = (list, mention) => {
    const item = add(list, "li");
    const protocol = mention["wm-protocol"];
    const line = add(item, "p", protocol[0].toUpperCase() + protocol.slice(1) + ": ");
    addLink(line, mention.url, mention.name || mention.url);
    if (mention.content) add(add(item, "p"), "bdi", mention.content.text);
    if (mention.author.name) addLink(add(item, "p", "", "pingback-by"), mention.author.url, mention.author.name);
  };

  const addGroup = (section, words, mentions) => {
    if (!mentions.length) return;
    const line = add(section, "p", words, "pingback-group");
    mentions.forEach((mention, number) => {
      if (number) line.append(", ");
      addLink(line, mention.url, mention.author.name || new URL(mention.url).host);
    });
  };

  const fill = async (place) => {
    const canonical = document.querySelector("link[rel=canonical]");
    const target = place.dataset.target || (canonical || location).href.split("#")[0];
    const query = "?sort-dir=up&per-page=1000&target=" + encodeURIComponent(target);
    const response = await fetch(new URL("api/mentions.jf2" + query, src));
    if (!response.ok) return;
    const mentions = (await response.json()).children;
    if (!mentions.length) return;
    place.textContent = "";
    const section = add(place, "section", "", "pingback-mentions");
    add(section, "h2", `${mentions.length} thought${mentions.length > 1 ? "s" : ""} on this page`);
    const thoughts = mentions.filter((mention) => !(mention["wm-property"] in groups));
    if (thoughts.length) {
      const list = add(section, "ol", "", "pingback-thoughts");
      thoughts.forEach((mention) => addThought(list, mention));
    }
    for (const [kind, words] of Object.entries(groups)) {
      addGroup(section, words, mentions.filter((mention) => mention["wm-property"] === kind));
    }
  };

  const run = () => document.querySelectorAll("[data-pingback-mentions]").forEach((place) => fill(place).catch(() => {}));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", run);
  else run();
})();
