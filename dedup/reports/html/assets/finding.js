/** One finding: two of its places side by side, what differs, what the scores mean, and all places. */

import { bylineOf, dayOf, nameOf, placesOf, textOf, whereOf } from "./data.js";
import { decimal, el, many, own, put, swatch, webLink } from "./dom.js";
import { narrow, rem } from "./findings.js";
import { Grid } from "./grid.js";
import { changed, go } from "./state.js";
import { changes, compare, isNumber, split } from "./words.js";

const MAX_CHANGES = 12;

export class FindingView {
	constructor(section, data) {
		this.section = section;
		this.data = data;
		this.turn = 0;
		this.grid = new Grid({
			label: "All places",
			css: "places-grid",
			columns: [
				{ key: "number", label: "No." },
				{ key: "title", label: "Article" },
				{ key: "source", label: "Source" },
				{ key: "date", label: "Date" },
				{ key: "where", label: "Where" },
				{ key: "cosine", label: "Cosine" },
				{ key: "jaccard", label: "Jaccard" },
			],
			cells: (row) => this.cells(row),
			height: () => rem() * (narrow() ? 6.5 : 2.5),
			open: (row) => go({ copy: Math.max(1, row.at) }, { replace: true }),
		});
		this.grid.heads("", "ascending");
	}

	/** Show the finding that the state names, beside others in the order of the list. */
	async show(state, listed) {
		const { byId } = this.data;
		this.turn += 1;
		const { turn } = this;
		const one = byId.get(state.id);
		if (!one) {
			put(
				this.section,
				el("h1", { id: "finding-title", tabindex: "-1" }, "No such finding"),
				el(
					"p",
					{},
					"The link names a finding that is not in this page. ",
					el("a", { href: changed({ view: "findings", id: "" }) }, "All findings"),
				),
			);
			return;
		}
		const places = await placesOf(one, this.data);
		const copy = Math.max(1, Math.min(state.copy, places.length - 1));
		const texts = await Promise.all([textOf(places[0], one), textOf(places[copy] ?? places[0], one)]);
		const told = await this.told(one, places, texts);
		if (turn !== this.turn) return; // another finding has been asked for since
		this.copy = copy;
		const at = listed.indexOf(one);
		const held = this.grid.body.contains(document.activeElement);
		put(
			this.section,
			this.head(one, at, listed),
			this.scores(one, places[copy]),
			this.sides(places, copy, texts, told),
			el("h2", {}, many(places.length, "place")),
			el(
				"p",
				{ class: "hint" },
				"The first is the earliest by date, else the first in the feed. A row chooses what is compared with it.",
			),
			this.grid.element,
		);
		this.grid.show(
			places.map((place, i) => ({ place, at: i })),
			copy,
		);
		if (held) this.grid.focus(copy);
	}

	head(one, at, listed) {
		const to = (other, label, key) =>
			other
				? el("a", { class: "step", href: changed({ id: other.id, copy: 1 }), "data-key": key }, label)
				: el("span", { class: "step off" }, label);
		return el(
			"header",
			{ class: "finding-head" },
			el(
				"nav",
				{ class: "steps", "aria-label": "Findings" },
				el("a", { href: changed({ view: "findings", copy: 1 }), "data-key": "Escape" }, "← List"),
				to(listed[at - 1], "Previous", "k"),
				to(at < 0 ? null : listed[at + 1], "Next", "j"),
				el("a", { class: "link", href: `#view=finding&id=${one.id}` }, "Link to this finding"),
			),
			el("p", { class: "kicker" }, swatch(one.kind), `Finding ${one.at + 1} · ${one.kind} · ${one.level}`),
			el("h1", { id: "finding-title", tabindex: "-1" }, capital(one.said)),
			el(
				"p",
				{ class: "lead" },
				`${many(one.weight, "word")} said again in ${many(one.places, "place")} of ${many(one.articles, "article")}.`,
				one.more ? ` It stands in ${many(one.more, "more article")} of the archive.` : "",
				one.codes.length ? ` Breaks ${one.codes.join(", ")}: ${one.status}.` : "",
			),
		);
	}

	scores(one, place) {
		const { size, unit } = this.data.meta.shingle;
		const runs = unit === "word" ? `runs of ${size} words` : `runs of ${size} characters`;
		const said = verdict(one, place);
		return el(
			"section",
			{ class: "scores", "aria-label": "Scores" },
			el("p", { class: "verdict" }, said),
			el(
				"dl",
				{},
				score("Jaccard", place.jaccard, `of all ${runs} in either text, ${share(place.jaccard)} are in both.`),
				score(
					"Containment",
					place.containment,
					`of the ${runs} of the shorter text, ${share(place.containment)} stand in the other one.`,
				),
				score("Cosine", place.cosine, "how far the words agree, rare ones counting for more; 1 is the same words."),
			),
		);
	}

	/** Return the first place that has its text, with it, where the two that are shown have none. */
	async told(one, places, texts) {
		if (texts[0] || texts[1]) return null;
		const at = places.findIndex((place) => place.text || (one.level === "article" && !place.article.hashed));
		return at < 0 ? null : { at, text: await textOf(places[at], one) };
	}

	sides(places, copy, texts, told) {
		const [first, second] = [places[0], places[copy]];
		if (!texts[0] || !texts[1]) {
			const place = texts[0] ? second : first;
			return el(
				"section",
				{ class: "sides", "aria-label": "Side by side" },
				[first, second].map((one, i) => this.side(one, i ? copy : 0, texts[i] ? [own(texts[i].text)] : null, texts[i])),
				told?.text ? this.side(places[told.at], told.at, [own(told.text.text)], told.text) : null,
				el(
					"p",
					{ class: "note" },
					place.article.hashed
						? `The archive keeps hashes of words, and not the text of “${nameOf(place.article)}”.`
						: `The page has no room for the text of “${nameOf(place.article)}”; --page-size makes room, and --format json has all.`,
				),
			);
		}
		const words = texts.map((text) => split(text.text));
		const stretches = compare(...words);
		const found = changes(...words, stretches);
		const same = stretches.every((one) => one.equal);
		return el(
			"section",
			{ class: "sides", "aria-label": "Side by side" },
			el(
				"div",
				{ class: "changes" },
				same
					? el("p", {}, "No word differs.")
					: el(
							"p",
							{ class: "legend" },
							el("del", {}, "only in the first"),
							" ",
							el("ins", {}, "only in the other"),
							" ",
							el("span", { class: "number" }, "a number"),
						),
				list("Numbers that changed", found.numbers),
				list("Names that changed", found.names),
			),
			this.side(first, 0, marked(texts[0].text, words[0], stretches, "left"), texts[0]),
			this.side(second, copy, marked(texts[1].text, words[1], stretches, "right"), texts[1]),
		);
	}

	side(place, at, pieces, text) {
		const one = place.article;
		return el(
			"article",
			{ class: "side", "aria-label": at ? `Place ${at + 1}` : "First place" },
			el(
				"header",
				{},
				el("p", { class: "kicker" }, at ? `Place ${at + 1}` : "First"),
				el("h2", {}, el("a", { href: changed({ view: "article", article: one.name }) }, own(nameOf(one)))),
				el(
					"p",
					{ class: "where" },
					own(bylineOf(one)),
					one.source || one.date ? el("br") : null,
					own(whereOf(place)),
					one.url ? [el("br"), webLink(one.url)] : null,
				),
			),
			el(
				"div",
				{ class: "text", dir: "auto" },
				text?.before ? el("span", { class: "around" }, text.before) : null,
				pieces
					? el("span", { class: "passage" }, pieces)
					: el("em", {}, one.hashed ? "not kept in the archive" : "not in this page"),
				text?.cut ? " …" : null,
				text?.after ? el("span", { class: "around" }, text.after) : null,
			),
		);
	}

	cells({ place, at }) {
		const one = place.article;
		return [
			[at === this.copy ? "▸ " : "", String(at + 1)],
			[el("a", { href: changed({ view: "article", article: one.name }), tabindex: "-1" }, own(nameOf(one)))],
			[own(one.source || "–")],
			[dayOf(one) || "–"],
			[own(whereOf(place))],
			[at ? decimal(place.cosine) : "first"],
			[at ? decimal(place.jaccard) : "–"],
		];
	}
}

/** Return a text with what one side has alone marked, numbers in it set apart. */
function marked(text, words, stretches, side) {
	const tag = side === "left" ? "del" : "ins";
	const pieces = [];
	let done = 0;
	for (const one of stretches) {
		const [first, last] = one[side];
		if (one.equal || first === last) continue;
		const start = words[first].start;
		const end = words[last - 1].end;
		pieces.push(text.slice(done, start));
		const inside = [];
		let at = start;
		for (const word of words.slice(first, last)) {
			if (!isNumber(word)) continue;
			inside.push(text.slice(at, word.start), el("span", { class: "number" }, word.text));
			at = word.end;
		}
		pieces.push(el(tag, {}, inside, text.slice(at, end)));
		done = end;
	}
	pieces.push(text.slice(done));
	return pieces;
}

function list(label, pairs) {
	if (!pairs.length) return null;
	const shown = pairs
		.slice(0, MAX_CHANGES)
		.map(([before, after]) =>
			el(
				"li",
				{},
				before ? el("del", {}, own(before)) : null,
				before && after ? " → " : null,
				after ? el("ins", {}, own(after)) : null,
			),
		);
	const more = pairs.length - shown.length;
	return el(
		"div",
		{ class: "set-apart" },
		el("h3", {}, label),
		el("ul", {}, shown, more ? el("li", {}, `and ${more} more`) : null),
	);
}

function score(name, value, meaning) {
	return [el("dt", {}, name), el("dd", {}, el("b", {}, decimal(value)), ` ${meaning}`)];
}

function share(value) {
	const rounded = Math.round(value * 100);
	return rounded === 100 ? (value < 1 ? "nearly all" : "all") : `${rounded} in 100`;
}

function capital(text) {
	return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Return what the scores of a place come to. */
function verdict(one, place) {
	if (one.kind === "contained") return "Most of the shorter article stands in the other one.";
	if (place.jaccard >= 0.9995) return "The two are the same, word for word.";
	const numbers = place.numbers ? " A number stands where another one stood." : "";
	if (place.jaccard >= 0.8) return `The two differ in a few words.${numbers}`;
	if (place.containment >= 0.9) return `One of the two stands almost whole in the other, which says more.${numbers}`;
	if (place.jaccard >= 0.5) return `The two say the same in part in other words.${numbers}`;
	return `The two share long stretches and differ in the rest.${numbers}`;
}
