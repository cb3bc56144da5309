/** The list of articles in the page: how much of each is said again, and how much is new. */

import { dayOf, nameOf } from "./data.js";
import { el, many, own, percent, put } from "./dom.js";
import { field, narrow, orderOf, rem, select, turned } from "./findings.js";
import { Grid } from "./grid.js";
import { changed, go } from "./state.js";

const ARTICLE_KEYS = {
	title: (one) => nameOf(one).toLowerCase(),
	source: (one) => one.source.toLowerCase(),
	date: (one) => one.date,
	words: (one) => one.words,
	again: (one) => one.repeated / Math.max(one.words, 1),
	novelty: (one) => 1 - one.repeated / Math.max(one.words, 1),
};
const ARTICLE_FALLING = new Set(["date", "words", "again", "novelty"]);

export class ArticlesView {
	constructor(section, data) {
		this.section = section;
		this.data = data;
		this.grid = new Grid({
			label: "Articles",
			css: "articles-grid",
			columns: [
				{ key: "title", label: "Article", sorts: true },
				{ key: "source", label: "Source", sorts: true },
				{ key: "date", label: "Date", sorts: true },
				{ key: "words", label: "Words", sorts: true },
				{ key: "again", label: "Said again", sorts: true },
				{ key: "novelty", label: "New", sorts: true },
			],
			cells: (one) => this.cells(one),
			height: () => rem() * (narrow() ? 6 : 2.75),
			open: (one) => go({ view: "article", article: one.name }),
			sort: (key) => go({ asort: turned(this.order, "again.down", key, ARTICLE_FALLING) }, { replace: true }),
		});
		this.count = el("p", { class: "found" });
		this.query = el("input", {
			type: "search",
			id: "aq",
			oninput: (event) => go({ aq: event.target.value }, { replace: true }),
		});
		this.sort = select(
			"asort",
			this.grid.columns.flatMap(({ key }) => [`${key}.up`, `${key}.down`]),
			(event) => go({ asort: event.target.value }, { replace: true }),
			Object.fromEntries(
				this.grid.columns.flatMap(({ key, label }) => [
					[`${key}.up`, `${label}, rising`],
					[`${key}.down`, `${label}, falling`],
				]),
			),
			null,
		);
		const { meta } = data;
		put(
			section,
			el("h1", { id: "articles-title", tabindex: "-1" }, "Articles"),
			el(
				"p",
				{ class: "hint" },
				`The ${many(meta.articles, "article")} that a finding of this page names, of ${meta.ofArticles.toLocaleString("en")}. Said again: what repeats the article itself or an earlier one.`,
			),
			el(
				"search",
				{},
				el(
					"form",
					{ class: "filters", onsubmit: (event) => event.preventDefault(), "aria-label": "Filter the articles" },
					field("aq", "Search titles, sources, ids", this.query, "grow"),
					field("asort", "Sort by", this.sort, "sort"),
				),
			),
			this.count,
			this.grid.element,
		);
	}

	show(state) {
		this.order = state.asort;
		if (this.query !== document.activeElement) this.query.value = state.aq;
		this.sort.value = state.asort || "again.down";
		const words = state.aq.toLowerCase().split(/\s+/).filter(Boolean);
		const found = this.data.articles.filter((one) => {
			const text = `${one.title}\n${one.source}\n${one.id}\n${one.path}`.toLowerCase();
			return words.every((word) => text.includes(word));
		});
		const [key, order] = orderOf(state.asort, "again.down");
		const value = ARTICLE_KEYS[key] ?? ARTICLE_KEYS.again;
		const falling = order === "descending" ? -1 : 1;
		const keyed = found.map((one) => [value(one), one]);
		keyed.sort(([a, x], [b, y]) => (a < b ? -falling : a > b ? falling : x.at - y.at));
		this.grid.heads(key, order);
		put(this.count, many(found.length, "article"));
		const items = keyed.map(([, one]) => one);
		this.grid.show(
			items,
			Math.max(
				0,
				items.findIndex((one) => one.name === state.article),
			),
		);
	}

	back() {
		this.grid.focus(this.grid.active);
	}

	cells(one) {
		const again = Math.min(1, one.repeated / Math.max(one.words, 1));
		const meter = el("span", { class: "meter", "aria-hidden": "true" }, el("span"));
		meter.firstChild.style.width = percent(again);
		return [
			[el("a", { href: changed({ view: "article", article: one.name }), tabindex: "-1" }, own(nameOf(one)))],
			[own(one.source || "–")],
			[dayOf(one) || "–"],
			[one.words.toLocaleString("en"), el("span", { class: "unit" }, " words")],
			[meter, percent(again), el("span", { class: "unit" }, " said again")],
			[percent(1 - again), el("span", { class: "unit" }, " new")],
		];
	}
}
