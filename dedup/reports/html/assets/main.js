/** The page: loads its data, shows the view that the address names, and hears keys. */

import { ArticleView } from "./article.js";
import { ArticlesView } from "./articles.js";
import { load } from "./data.js";
import { el, put } from "./dom.js";
import { FindingView } from "./finding.js";
import { FindingsView } from "./findings.js";
import { changed, go, parse } from "./state.js";

const VIEWS = ["overview", "findings", "finding", "articles", "article"];
/** View -> the entry of the navigation that it belongs to. */
const PARTS = { finding: "findings", article: "articles" };
const section = (name) => document.getElementById(name);
let views = null;
let before = null;

async function show() {
	const state = parse(location.hash);
	const view = VIEWS.includes(state.view) ? state.view : "overview";
	const part = PARTS[view] ?? view;
	const moved = before !== null && (before.view !== view || before.id !== state.id || before.article !== state.article);
	const from = before;
	before = { ...state, view };
	for (const name of VIEWS) section(name).hidden = name !== view;
	for (const link of document.querySelectorAll("nav [data-view]")) {
		const name = link.dataset.view;
		link.setAttribute("href", name === "overview" ? "#view=overview" : changed({ view: name, id: "", article: "" }));
		if (name === part) link.setAttribute("aria-current", "page");
		else link.removeAttribute("aria-current");
	}
	if (view === "findings") views.findings.show(state);
	if (view === "articles") views.articles.show(state);
	if (view === "article") await views.article.show(state);
	if (view === "finding") {
		views.findings.show(state);
		await views.finding.show(state, views.findings.filtered);
	}
	const heading = section(view).querySelector("h1");
	document.title = `${heading.textContent} · said twice`;
	if (!moved) return;
	if (PARTS[from.view] === view) views[view].back();
	else {
		window.scrollTo(0, 0);
		heading.tabIndex = -1;
		heading.focus({ preventScroll: true });
	}
}

function key(event) {
	if (
		!section("keys-on").checked ||
		event.ctrlKey ||
		event.metaKey ||
		event.altKey ||
		event.target.matches("input, select, textarea")
	)
		return;
	const step = document.querySelector(`.view:not([hidden]) [data-key="${CSS.escape(event.key)}"]`);
	if (step) step.click();
	else if (event.key === "g") go({ view: "overview" });
	else if (event.key === "f") go({ view: "findings", id: "" });
	else if (event.key === "a") go({ view: "articles", article: "" });
	else if (event.key === "/") {
		const search = document.querySelector(".view:not([hidden]) input[type=search]");
		if (search) search.focus();
		else {
			go({ view: "findings", id: "" });
			setTimeout(() => section("q")?.focus(), 50);
		}
	} else return;
	event.preventDefault();
}

/** Say in the page that it does not work, and what to do. */
function fail(reason) {
	const trouble = section("trouble");
	put(
		trouble,
		`The findings in this page cannot be unpacked: ${reason}. A browser of 2023 or later can; `,
		el("code", {}, "--format json"),
		" has all of them.",
	);
	trouble.hidden = false;
}

async function start() {
	if (typeof DecompressionStream === "undefined") {
		fail("this browser has no DecompressionStream");
		return;
	}
	try {
		const data = await load();
		views = {
			findings: new FindingsView(section("findings"), data),
			finding: new FindingView(section("finding"), data),
			articles: new ArticlesView(section("articles"), data),
			article: new ArticleView(section("article"), data),
		};
		document.querySelector(".masthead nav").hidden = false;
		section("keys").hidden = false;
		put(document.querySelector('[data-view="articles"] .count'), data.articles.length.toLocaleString("en"));
		put(document.querySelector('[data-view="findings"] .count'), data.findings.length.toLocaleString("en"));
		const note = views.findings.kept();
		if (note) section("overview").querySelector(".lead").after(note);
		await show();
		window.addEventListener("hashchange", show);
		document.addEventListener("keydown", key);
		const print = () => {
			for (const view of ["findings", "finding", "articles"]) views[view].grid.render();
		};
		window.addEventListener("beforeprint", print);
		matchMedia("print").addEventListener("change", print);
		document.querySelector(".skip").addEventListener("click", (event) => {
			event.preventDefault();
			section("main").focus();
		});
		document.documentElement.dataset.ready = "true";
	} catch (error) {
		fail(error.message);
	}
}

start();
