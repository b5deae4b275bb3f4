"""The programs that make static sites, each as its users have it: settings, where a post goes, and its own command."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests import debian
from tests.built import install
from tests.built.posts import AUTHORS, Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A generator. `files` are what its users write once, with BASE and FAR for the addresses of the site and of a
    friend, whom every page may name beside its post; `post` gives the path and the text of a post's file.
    """

    name: str
    start: tuple[str, ...] | None = None  # the command that begins a site
    files: Mapping[str, str]
    post: Callable[[Letter], tuple[str, str]]
    build: tuple[str, ...]
    output: str
    path: Callable[[Letter], str]  # of a post's page, below the site's address
    sitemap: str | None = None

    def lay(self, folder: Path, *, base: str, far: str) -> None:
        """Begin a site without posts."""
        if self.start is not None:
            self._run(folder, self.start)
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            before = path.read_text() if path.exists() else ""
            path.write_text(before + text.replace("BASE", base).replace("FAR", far).lstrip("\n"))

    def write(self, folder: Path, posts: Iterable[Letter]) -> None:
        for post in posts:
            name, text = self.post(post)
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def delete(self, folder: Path, post: Letter) -> None:
        (folder / self.post(post)[0]).unlink()

    def make(self, folder: Path) -> Path:
        """Build the site anew; the folder with its pages."""
        output = folder / self.output
        shutil.rmtree(output, ignore_errors=True)
        self._run(folder, self.build)
        return output

    def _run(self, folder: Path, command: tuple[str, ...]) -> None:
        program, *arguments = command
        debian.run(install.program_of(self.name, program), *arguments, folder=folder)


def _pelican(post: Letter) -> tuple[str, str]:
    fields = {
        "Title": post.title,
        "Date": post.date.isoformat(),
        "Slug": post.slug,
        "Category": post.category,
        "Tags": post.tag,
        "Authors": post.author,
    }
    head = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return f"content/{post.slug}.md", f"{head}\n{post.markdown}"


# What `pelican-quickstart` writes, with the links that it proposes.
_PELICANCONF = """
AUTHOR = "Ada"
SITENAME = "The river"
SITEURL = "BASE"
PATH = "content"
TIMEZONE = "UTC"
DEFAULT_LANG = "en"
FEED_ALL_ATOM = "feeds/all.atom.xml"
LINKS = (("A friend", "FAR/friend"),)
SOCIAL = (("Elsewhere", "FAR/elsewhere"),)
DEFAULT_PAGINATION = 3
YEAR_ARCHIVE_SAVE_AS = "{date:%Y}/index.html"
MONTH_ARCHIVE_SAVE_AS = "{date:%Y}/{date:%m}/index.html"
"""

_ABOUT = "We are two people who walk along a river, and write to each other about it when we are home again.\n"


def _nikola(post: Letter) -> tuple[str, str]:
    fields = {
        "title": post.title,
        "slug": post.slug,
        "date": post.date.isoformat(),
        "tags": post.tag,
        "category": post.category,
        "author": post.author,
    }
    head = "".join(f".. {name}: {value}\n" for name, value in fields.items())
    return f"posts/{post.slug}.md", f"<!--\n{head}-->\n\n{post.markdown}"


_NIKOLA = """
BLOG_TITLE = "The river"
SITE_URL = "BASE/"
TIMEZONE = "UTC"
POSTS = (("posts/*.md", "posts", "post.tmpl"),)
PAGES = (("pages/*.md", "", "page.tmpl"),)
INDEX_DISPLAY_POST_COUNT = 3
NAVIGATION_LINKS = {DEFAULT_LANG: (("/archive.html", "Archive"), ("/categories/", "Tags"), ("FAR/friend", "A friend"))}
CREATE_MONTHLY_ARCHIVE = True
"""


def _mkdocs(post: Letter) -> tuple[str, str]:
    head = (
        f"date: {post.date:%Y-%m-%d}\nslug: {post.slug}\n"
        f"authors: [{post.author.lower()}]\ncategories: [{post.category}]\ntags: [{post.tag}]\n"
    )
    said, _, rest = post.markdown.partition("\n\n")
    return f"docs/blog/posts/{post.slug}.md", f"---\n{head}---\n\n# {post.title}\n\n{said}\n\n<!-- more -->\n\n{rest}"


_MKDOCS = """
site_name: The river
site_url: BASE/
theme:
  name: material
  features: [navigation.tabs, navigation.indexes, navigation.footer, toc.follow]
plugins:
  - blog:
      archive: true
      categories: true
      pagination_per_page: 3
      authors_profiles: true
      post_url_format: "{slug}"
  - tags
nav:
  - index.md
  - Blog: [blog/index.md]
  - tags.md
extra:
  social:
    - icon: fontawesome/brands/mastodon
      link: FAR/elsewhere
"""

_MKDOCS_AUTHORS = "authors:\n" + "".join(
    f"  {name.lower()}:\n    name: {name}\n    description: Writer\n    avatar: BASE/{name}.png\n    url: FAR/{name}\n"
    for name in AUTHORS
)


def _ablog(post: Letter) -> tuple[str, str]:
    fields = {"tags": post.tag, "category": post.category, "author": post.author}
    head = f".. post:: {post.date:%b %d, %Y}\n" + "".join(f"   :{name}: {value}\n" for name, value in fields.items())
    return f"posts/{post.slug}.rst", f"{head}\n{post.title}\n{'=' * len(post.title)}\n\n{post.rst}"


# What `ablog start` writes, in short.
_ABLOG = """
extensions = ["ablog"]
project = "The river"
author = "Ada"
blog_title = "The river"
blog_baseurl = "BASE"
blog_authors = {"Ada": ("Ada", "FAR/Ada"), "Ben": ("Ben", "FAR/Ben")}
blog_feed_archives = True
html_theme = "alabaster"
html_title = "The river"
html_sidebars = {
    "**": ["about.html", "ablog/postcard.html", "ablog/recentposts.html", "ablog/tagcloud.html",
           "ablog/categories.html", "ablog/authors.html", "ablog/archives.html", "searchbox.html"],
}
exclude_patterns = ["_website"]
"""

_ABLOG_INDEX = """
The river
=========

We are two people who walk along a river.

.. postlist:: 5
   :excerpts:

.. toctree::
   :hidden:

   about
"""


def _front_matter(post: Letter) -> str:
    return (
        f'---\ntitle: "{post.title}"\ndate: {post.date:%Y-%m-%d %H:%M:%S +0000}\n'
        f"tags: [{post.tag}]\ncategories: [{post.category}]\nauthors: [{post.author}]\n---\n\n"
    )


def _hugo(post: Letter) -> tuple[str, str]:
    text = _front_matter(post).replace(f"{post.date:%Y-%m-%d %H:%M:%S +0000}", post.date.isoformat())
    return f"content/posts/{post.slug}.md", text + post.markdown


_HUGO = """
baseURL = "BASE/"
title = "The river"
languageCode = "en"
theme = "started"
paginate = 3
[taxonomies]
tag = "tags"
category = "categories"
author = "authors"
[[menu.main]]
name = "A friend"
url = "FAR/friend"
"""

# What `hugo new theme` of the releases of today begins a theme with; the one that Debian has begins it empty.
_HUGO_BASE = """
<!DOCTYPE html>
<html lang="{{ site.LanguageCode }}">
<head>
  <meta charset="utf-8">
  <title>{{ if .IsHome }}{{ site.Title }}{{ else }}{{ printf "%s | %s" .Title site.Title }}{{ end }}</title>
  <link rel="canonical" href="{{ .Permalink }}">
  {{ template "_internal/opengraph.html" . }}
  {{ template "_internal/schema.html" . }}
</head>
<body>
  <header>
    <h1>{{ site.Title }}</h1>
    <nav><ul>{{ range site.Menus.main }}<li><a href="{{ .URL }}">{{ .Name }}</a></li>{{ end }}</ul></nav>
  </header>
  <main>
    {{ block "main" . }}{{ end }}
  </main>
  <footer>
    <p>Copyright {{ now.Year }}. All rights reserved.</p>
  </footer>
</body>
</html>
"""
_HUGO_LIST = """
{{ define "main" }}
  <h1>{{ .Title }}</h1>
  {{ .Content }}
  {{ range .Paginator.Pages }}
    <h2><a href="{{ .RelPermalink }}">{{ .LinkTitle }}</a></h2>
    {{ .Summary }}
  {{ end }}
  {{ template "_internal/pagination.html" . }}
{{ end }}
"""
_HUGO_HOME = _HUGO_LIST.replace(".Paginator.Pages", "(.Paginate site.RegularPages).Pages").replace(
    ".Summary", ".Content"
)
_HUGO_SINGLE = """
{{ define "main" }}
  <h1>{{ .Title }}</h1>
  <time datetime="{{ .Date.Format "2006-01-02T15:04:05-07:00" }}">{{ .Date.Format "January 2, 2006" }}</time>
  {{ .Content }}
  <div>
    <div>Tags:</div>
    <ul>{{ range (.GetTerms "tags") }}<li><a href="{{ .RelPermalink }}">{{ .LinkTitle }}</a></li>{{ end }}</ul>
  </div>
{{ end }}
"""


def _jekyll(post: Letter) -> tuple[str, str]:
    return f"_posts/{post.date:%Y-%m-%d}-{post.slug}.md", _front_matter(post).replace(
        "---\n", "---\nlayout: post\n", 1
    ) + post.markdown


_JEKYLL = """
title: The river
url: BASE
theme: minima
timezone: UTC
permalink: /:title/
paginate: 3
author: Ada
plugins: [jekyll-paginate, jekyll-archives, jekyll-feed, jekyll-seo-tag, jekyll-sitemap]
jekyll-archives:
  enabled: all
  layout: archive
  permalinks:
    year: "/:year/"
    month: "/:year/:month/"
    day: "/:year/:month/:day/"
    tag: "/tag/:name/"
    category: "/category/:name/"
twitter_username: elsewhere
minima:
  social_links: {twitter: elsewhere}
"""
# As Jekyll's own documentation has them.
_JEKYLL_INDEX = """
---
layout: default
---
{% for post in paginator.posts %}
  <h1><a href="{{ post.url }}">{{ post.title }}</a></h1>
  <p class="author"><span class="date">{{ post.date }}</span></p>
  <div class="content">
    {{ post.content }}
  </div>
{% endfor %}
<div class="pagination">
  {% if paginator.next_page %}<a href="{{ paginator.next_page_path }}" class="next">Next</a>{% endif %}
</div>
"""
_JEKYLL_ARCHIVE = """
---
layout: default
---
<h1>Archive of posts with {{ page.type }} '{{ page.title }}'</h1>
<ul class="posts">
{% for post in page.posts %}
  <li>
    <span class="post-date">{{ post.date | date: "%b %-d, %Y" }}</span>
    <a class="post-link" href="{{ post.url }}">{{ post.title }}</a>
  </li>
{% endfor %}
</ul>
"""

HOSTS = (
    Host(
        name="pelican",
        files={"pelicanconf.py": _PELICANCONF, "content/pages/about.md": f"Title: About\n\n{_ABOUT}"},
        post=_pelican,
        build=("pelican", "content", "--settings", "pelicanconf.py", "--quiet"),
        output="output",
        path=lambda post: f"{post.slug}.html",
    ),
    Host(
        name="nikola",
        start=("nikola", "init", "--quiet", "."),
        files={"conf.py": _NIKOLA, "pages/about.md": f"<!--\n.. title: About\n.. slug: about\n-->\n\n{_ABOUT}"},
        post=_nikola,
        build=("nikola", "build", "--quiet"),
        output="output",
        path=lambda post: f"posts/{post.slug}/",
        sitemap="sitemap.xml",
    ),
    Host(
        name="mkdocs",
        files={
            "mkdocs.yml": _MKDOCS,
            "docs/index.md": f"# The river\n\n{_ABOUT}",
            "docs/tags.md": "# Tags\n\n<!-- material/tags -->\n",
            "docs/blog/index.md": "# Letters\n",
            "docs/blog/.authors.yml": _MKDOCS_AUTHORS,
        },
        post=_mkdocs,
        build=("mkdocs", "build", "--quiet"),
        output="site",
        path=lambda post: f"blog/{post.slug}/",
        sitemap="sitemap.xml",
    ),
    Host(
        name="ablog",
        files={"conf.py": _ABLOG, "index.rst": _ABLOG_INDEX, "about.rst": f"About\n=====\n\n{_ABOUT}"},
        post=_ablog,
        build=("ablog", "build"),
        output="_website",
        path=lambda post: f"posts/{post.slug}/",
    ),
    Host(
        name="hugo",
        files={
            "config.toml": _HUGO,
            "content/about.md": f"---\ntitle: About\n---\n\n{_ABOUT}",
            "themes/started/layouts/_default/baseof.html": _HUGO_BASE,
            "themes/started/layouts/_default/list.html": _HUGO_LIST,
            "themes/started/layouts/index.html": _HUGO_HOME,
            "themes/started/layouts/_default/single.html": _HUGO_SINGLE,
        },
        post=_hugo,
        build=("hugo", "--quiet"),
        output="public",
        path=lambda post: f"posts/{post.slug}/",
        sitemap="sitemap.xml",
    ),
    Host(
        name="jekyll",
        files={
            "_config.yml": _JEKYLL,
            "index.html": _JEKYLL_INDEX,
            "_layouts/archive.html": _JEKYLL_ARCHIVE,
            "about.md": f"---\nlayout: page\ntitle: About\npermalink: /about/\n---\n\n{_ABOUT}",
        },
        post=_jekyll,
        build=("jekyll", "build", "--quiet"),
        output="_site",
        path=lambda post: f"{post.slug}/",
        sitemap="sitemap.xml",
    ),
)
