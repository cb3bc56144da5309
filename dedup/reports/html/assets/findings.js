/** The list of findings: searched, filtered, sorted, unfolded; its state is that of the address. */

import { bylineOf, dayOf, fullTexts, nameOf, placesOf, whereOf } from "./data.js";
import { decimal, el, many, own, put, say, swatch } from "./dom.js";
import { Grid, PRINTED } from "./grid.js";
import { changed, go } from "./state.js";

/** Places of a finding that unfold in the list. */
const UNFOLDED = 6;
const STATUS = { new: "new", known: "in the baseline", ignored: "ignored" };
const FINDING_KEYS = {
	number: (one) => one.at,
	kind: (one) => one.kind,
	text: (one) => one.excerpt.toLowerCase(),
	source: (one, data) => data.articles[one.heads[0]].source.toLowerCase(),
	places: (one) => one.places,
	weight: (one) => one.weight,
	jaccard: (one) => one.jaccard,
	cosine: (one) => one.cosine,
	date: (one, data) => data.articles[one.heads[0]].date,
};
/** What is looked at from its largest on first. */
const FINDING_FALLING = new Set(["places", "weight", "jaccard", "cosine", "date"]);

/** Return the number of pixels of a `rem`. */
export function rem() {
	return Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
}

/** Whether rows are cards, for want of width. */
export function narrow() {
	return matchMedia("(max-width: 719px)").matches;
}

/** Return a sort order of the address as a key and a direction. */
export function orderOf(text, otherwise) {
	const [key, order] = (text || otherwise).split(".");
	return [key, order === "down" ? "descending" : "ascending"];
}

/** Return the order after a click on the head of a column. */
export function turned(text, otherwise, key, falling) {
	const [now, order] = orderOf(text, otherwise);
	const down = now === key ? order === "ascending" : falling.has(key);
	return `${key}.${down ? "down" : "up"}`;
}

export class FindingsView {
	constructor(section, data) {
		this.section = section;
		this.data = data;
		this.texts = null;
		this.unfolded = new Map();
		this.filtered = data.findings;
		this.filter = "";
		this.count = el("p", { class: "found" });
		this.grid = new Grid({
			label: "Findings",
			css: "findings-grid",
			columns: [
				{ key: "number", label: "No.", sorts: true },
				{ key: "kind", label: "Kind", sorts: true },
				{ key: "text", label: "What is said again", sorts: true },
				{ key: "places", label: "Places", sorts: true },
				{ key: "weight", label: "Words", sorts: true },
				{ key: "cosine", label: "Cosine", sorts: true },
				{ key: "jaccard", label: "Jaccard", sorts: true },
				{ key: "source", label: "Source", sorts: true },
				{ key: "date", label: "Date", sorts: true },
			],
			cells: (one) => this.cells(one),
			height: (one) => this.height(one),
			open: (one) => go({ view: "finding", id: one.id, copy: 1 }),
			toggle: (one) => this.toggle(one),
			sort: (key) => go({ sort: turned(this.state.sort, "number.up", key, FINDING_FALLING) }, { replace: true }),
		});
		this.build();
	}

	build() {
		const { meta, findings } = this.data;
		const sources = [...new Set(findings.flatMap((one) => one.sources))]
			.map((at) => meta.sources[at])
			.filter(Boolean)
			.sort();
		const codes = [...new Set(findings.flatMap((one) => one.codes))].sort();
		const set = (name) => (event) => go({ [name]: event.target.value }, { replace: true });
		this.controls = {
			q: el("input", { type: "search", id: "q", oninput: set("q"), autocomplete: "off", spellcheck: "false" }),
			level: select("level", meta.levels, set("level")),
			differ: select("differ", ["word for word", "reworded", "numbers changed"], set("differ")),
			source: select("source", sources, set("source")),
			score: el("input", { type: "number", id: "score", min: 0, max: 1, step: 0.05, onchange: set("score") }),
			words: el("input", { type: "number", id: "words", min: 0, step: 10, onchange: set("words") }),
			rule: select("rule", codes, set("rule")),
			status: select("status", Object.keys(STATUS), set("status"), STATUS),
			sort: select(
				"sort",
				this.grid.columns.flatMap(({ key }) => [`${key}.up`, `${key}.down`]),
				set("sort"),
				Object.fromEntries(
					this.grid.columns.flatMap(({ key, label }) => [
						[`${key}.up`, `${label}, rising`],
						[`${key}.down`, `${label}, falling`],
					]),
				),
				null,
			),
		};
		this.kinds = el(
			"fieldset",
			{ class: "kinds" },
			el("legend", {}, "Kind"),
			meta.kinds
				.filter(({ name }) => findings.some((one) => one.kind === name))
				.map(({ name }) =>
					el(
						"label",
						{ class: "check" },
						el("input", { type: "checkbox", value: name, onchange: () => this.chooseKinds() }),
						swatch(name),
						`${name} `,
						el("span", { class: "count" }, findings.filter((one) => one.kind === name).length.toLocaleString("en")),
					),
				),
		);
		const gate = meta.gated
			? [field("rule", "Rule", this.controls.rule), field("status", "Against the baseline", this.controls.status)]
			: [];
		put(
			this.section,
			el("h1", { id: "findings-title", tabindex: "-1" }, "Findings"),
			this.kept(),
			el("p", { class: "hint" }, "Scores are those of the place that is nearest to the first one."),
			el(
				"search",
				{},
				el(
					"form",
					{ class: "filters", onsubmit: (event) => event.preventDefault(), "aria-label": "Filter the findings" },
					field("q", "Search texts, titles, sources", this.controls.q, "grow"),
					this.kinds,
					el(
						"details",
						{ class: "more", open: !narrow() },
						el("summary", {}, "More filters, sorting"),
						el(
							"div",
							{ class: "filters" },
							...gate,
							field("level", "What", this.controls.level),
							field("differ", "How", this.controls.differ),
							sources.length ? field("source", "Source", this.controls.source) : null,
							field("score", "Cosine from", this.controls.score, "short"),
							field("words", "Words from", this.controls.words, "short"),
							field("sort", "Sort by", this.controls.sort, "sort"),
							el("button", { type: "button", class: "quiet", onclick: () => this.reset() }, "Clear filters"),
						),
					),
				),
			),
			this.count,
			this.grid.element,
			el("p", { class: "printed" }, `On paper: the first ${PRINTED} of the list.`),
		);
	}

	kept() {
		const { meta } = this.data;
		if (meta.findings === meta.ofFindings) return null;
		return el(
			"p",
			{ class: "note kept" },
			`This page holds the ${meta.findings.toLocaleString("en")} heaviest of ${many(meta.ofFindings, "finding")}, to stay ` +
				`under ${(meta.pageBytes / 1e6).toLocaleString("en")} MB. All are in `,
			el("code", {}, "dedup report --format json"),
			"; ",
			el("code", {}, "--page-size"),
			" makes room for more.",
		);
	}

	reset() {
		go(
			{ q: "", kind: [], level: "", source: "", differ: "", score: 0, words: 0, rule: "", status: "" },
			{ replace: true },
		);
		this.controls.q.focus();
	}

	chooseKinds() {
		const kind = [...this.kinds.querySelectorAll("input:checked")].map((box) => box.value);
		go({ kind }, { replace: true });
	}

	/** Show the list as the state has it; the row of the finding that was open is the active one. */
	show(state) {
		this.state = state;
		for (const [name, control] of Object.entries(this.controls))
			if (control !== document.activeElement) {
				control.value = state[name] || (name === "sort" ? "number.up" : "");
			}
		for (const box of this.kinds.querySelectorAll("input")) box.checked = state.kind.includes(box.value);
		this.filtered = this.select(state);
		const [key, order] = orderOf(state.sort, "number.up");
		const value = FINDING_KEYS[key] ?? FINDING_KEYS.number;
		const falling = order === "descending" ? -1 : 1;
		const keyed = this.filtered.map((one) => [value(one, this.data), one]);
		keyed.sort(([a, x], [b, y]) => (a < b ? -falling : a > b ? falling : x.at - y.at));
		this.filtered = keyed.map(([, one]) => one);
		this.grid.heads(key, order);
		const n = this.filtered.length;
		const total = this.data.findings.length;
		const told = n === total ? many(n, "finding") : `${n.toLocaleString("en")} of ${many(total, "finding")}`;
		put(this.count, n ? told : `${told}. Nothing is like that; clear a filter.`);
		if (this.section.hidden) return;
		const at = this.filtered.findIndex((one) => one.id === state.id);
		this.grid.show(this.filtered, Math.max(at, 0));
		const filter = told + state.sort;
		if (filter !== this.filter) say(told);
		this.filter = filter;
	}

	/** Put the active row on screen, as when one comes back from a finding. */
	back() {
		this.grid.focus(this.grid.active);
	}

	select(state) {
		const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
		if (words.length && !this.texts) {
			this.texts = this.data.findings.map((one) => this.textOf(one));
			this.readOn();
		}
		const { sources } = this.data.meta;
		return this.data.findings.filter(
			(one) =>
				(!state.kind.length || state.kind.includes(one.kind)) &&
				(!state.level || one.level === state.level) &&
				(!state.source || one.sources.some((at) => sources[at] === state.source)) &&
				(!state.differ ||
					(state.differ === "numbers changed" ? one.numbers : one.exact === (state.differ === "word for word"))) &&
				one.cosine >= state.score &&
				one.weight >= state.words &&
				(!state.rule || one.codes.includes(state.rule)) &&
				(!state.status || one.status === state.status) &&
				words.every((word) => this.texts[one.at].includes(word)),
		);
	}

	/** Search whole texts too: at first only their beginnings are at hand. */
	async readOn() {
		for await (const part of fullTexts(this.data))
			for (const [one, text] of part) this.texts[one.at] += `\n${text.replace(/\s+/g, " ").toLowerCase()}`;
		if (this.state.q && !this.section.hidden) this.show(this.state);
	}

	textOf(one) {
		const { articles, meta } = this.data;
		const heads = one.heads.map((at) => `${articles[at].title} ${articles[at].id}`);
		const sources = one.sources.map((at) => meta.sources[at]);
		return [one.excerpt, ...heads, ...sources, one.said].join("\n").toLowerCase();
	}

	height(one) {
		const places = this.unfolded.get(one.at);
		const lines = places ? Math.min(one.places, UNFOLDED) + (one.places > UNFOLDED ? 1 : 0) : 0;
		return rem() * ((narrow() ? 8.5 : 4) + (lines ? lines * (narrow() ? 4 : 2) + 0.75 : 0));
	}

	cells(one) {
		const { articles } = this.data;
		const heads = one.heads.map((at) => articles[at]);
		const open = this.unfolded.has(one.at);
		const button = el(
			"button",
			{
				type: "button",
				class: "fold",
				tabindex: "-1",
				"aria-expanded": String(open),
				"aria-label": `Places of finding ${one.at + 1}`,
				onclick: () => this.toggle(one),
			},
			open ? "▾" : "▸",
		);
		const gate = one.codes.length ? ` · ${one.codes.join(", ")} ${STATUS[one.status] ?? ""}` : "";
		const cells = [
			[String(one.at + 1)],
			[swatch(one.kind), one.kind],
			[
				button,
				el(
					"span",
					{ class: "lines" },
					el(
						"a",
						{ class: "excerpt", href: changed({ view: "finding", id: one.id, copy: 1 }), tabindex: "-1" },
						own(one.excerpt),
					),
					el("span", { class: "said" }, `${one.said}${gate} · `, own(heads.map(nameOf).join(" → "))),
				),
			],
			[one.places.toLocaleString("en"), el("span", { class: "unit" }, " places")],
			[one.weight.toLocaleString("en"), el("span", { class: "unit" }, " words")],
			[el("span", { class: "unit" }, "cosine "), decimal(one.cosine)],
			[el("span", { class: "unit" }, "Jaccard "), decimal(one.jaccard)],
			[own(heads[0].source || "–")],
			[dayOf(heads[0]) || "–"],
		];
		if (open) cells.push([this.members(one)]);
		return cells;
	}

	members(one) {
		const places = this.unfolded.get(one.at);
		const lines = places
			.slice(0, UNFOLDED)
			.map((place, at) =>
				el(
					"li",
					{},
					el("a", { href: changed({ view: "article", article: place.article.name }) }, own(nameOf(place.article))),
					" ",
					el(
						"span",
						{ class: "where" },
						own(bylineOf(place.article)),
						" · ",
						own(whereOf(place)),
						at === 0 ? " · first" : "",
					),
				),
			);
		const more = one.places - lines.length;
		if (more > 0)
			lines.push(
				el(
					"li",
					{},
					el("a", { href: changed({ view: "finding", id: one.id, copy: 1 }) }, `and ${many(more, "more place")}`),
				),
			);
		return el("ul", { class: "members" }, lines);
	}

	async toggle(one) {
		if (this.unfolded.has(one.at)) this.unfolded.delete(one.at);
		else this.unfolded.set(one.at, await placesOf(one, this.data));
		this.grid.active = this.filtered.indexOf(one);
		const held = this.grid.body.contains(document.activeElement) && document.activeElement.classList.contains("fold");
		this.grid.measure();
		if (held) this.grid.rows.get(this.grid.active)?.querySelector(".fold").focus({ preventScroll: true });
	}
}

/** Return a labelled control. */
export function field(id, label, control, css = "") {
	return el("div", { class: `field ${css}` }, el("label", { for: id }, label), control);
}

/** Return a choice, with "any" before the others. */
export function select(id, names, onchange, labels = {}, any = "any") {
	return el(
		"select",
		{ id, onchange },
		any === null ? null : el("option", { value: "" }, any),
		names.map((name) => el("option", { value: name }, labels[name] ?? name)),
	);
}
