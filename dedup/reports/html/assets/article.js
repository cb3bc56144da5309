/** One article: its text with what is said again marked by where it comes from, a strip of the whole, and cards. */

import { bodyOf, bylineOf, marksOf, nameOf, placesOf } from "./data.js";
import { el, many, own, percent, put, swatch, webLink } from "./dom.js";
import { changed } from "./state.js";

/** So many tints; origins beyond that begin again, which is why each mark has its number. */
const TINTS = 6;
/** So many other places of a finding are named on its card. */
const MAX_OTHERS = 3;
const ROLES = {
	source: "first here, said again elsewhere",
	copy: "stood elsewhere before",
	inside: "repeats this article",
};

export class ArticleView {
	constructor(section, data) {
		this.section = section;
		this.data = data;
		this.off = new Set();
		this.turn = 0;
	}

	async show(state) {
		const one = this.data.byName.get(state.article);
		this.turn += 1;
		const { turn } = this;
		if (!one) {
			put(
				this.section,
				el("h1", { id: "article-title", tabindex: "-1" }, "No such article"),
				el(
					"p",
					{},
					"The link names an article that is not in this page. ",
					el("a", { href: changed({ view: "articles", article: "" }) }, "All articles"),
				),
			);
			return;
		}
		const body = await bodyOf(one);
		const marks = await marksOf(one, this.data, body);
		const cards = await this.cards(one, marks);
		if (turn !== this.turn) return; // another article has been asked for since
		const length = Math.max(body === null ? one.length : body.length, 1);
		const draw = () => {
			const shown = marks.filter((mark) => !this.off.has(mark.finding.kind));
			put(strip, this.strip(shown, length));
			strip.setAttribute(
				"aria-label",
				`Where this article repeats: ${percent(covered(shown, length))} of its length is marked`,
			);
			put(
				share,
				`Marked: ${percent(covered(shown, length))} of the length. Underlined solid, full in the strip: stood elsewhere before. ` +
					"Double, hatched: repeats this article. Dotted, low: first here. A tint stands for an article that shares the text.",
			);
			put(text, body === null ? this.missing(one, shown) : this.text(body, shown));
		};
		const strip = el("div", { class: "strip", role: "img" });
		const share = el("p", { class: "hint" });
		const text = el("div", { class: "text body", dir: "auto" });
		put(
			this.section,
			this.head(one),
			strip,
			share,
			this.kinds(marks, draw),
			el(
				"div",
				{ class: "article-columns" },
				text,
				el("aside", { class: "cards", "aria-label": "Where it stands too" }, cards),
			),
		);
		draw();
	}

	head(one) {
		const again = Math.min(1, one.repeated / Math.max(one.words, 1));
		const at = one.bodyLine ? one.path : `${one.path}, record ${one.record}`;
		return el(
			"header",
			{},
			el(
				"nav",
				{ class: "steps", "aria-label": "Articles" },
				el("a", { href: changed({ view: "articles" }), "data-key": "Escape" }, "← Articles"),
			),
			el("p", { class: "kicker" }, own(bylineOf(one) || "no source, no date")),
			el("h1", { id: "article-title", tabindex: "-1" }, own(nameOf(one))),
			el("p", { class: "where" }, own(at), " · id ", own(one.id), one.url ? [" · ", webLink(one.url)] : null),
			el(
				"p",
				{ class: "lead" },
				el("b", {}, percent(again)),
				" is said again, ",
				el("b", {}, percent(1 - again)),
				` is new, of ${many(one.words, "word")}.`,
			),
		);
	}

	/** Return switches for the kinds that are marked. */
	kinds(marks, draw) {
		const names = [...new Set(marks.map((mark) => mark.finding.kind))];
		if (!names.length) return null;
		return el(
			"fieldset",
			{ class: "kinds" },
			el("legend", {}, "Mark"),
			names.map((name) =>
				el(
					"label",
					{ class: "check" },
					el("input", {
						type: "checkbox",
						checked: !this.off.has(name),
						onchange: (event) => {
							if (event.target.checked) this.off.delete(name);
							else this.off.add(name);
							draw();
						},
					}),
					swatch(name),
					name,
				),
			),
		);
	}

	/** Number the marks by finding and tint them by origin, and return a card for each finding. */
	async cards(one, marks) {
		const byFinding = new Map();
		for (const mark of marks) {
			const marked = byFinding.get(mark.finding) ?? [];
			marked.push(mark);
			byFinding.set(mark.finding, marked);
		}
		const order = [...byFinding].sort(([, a], [, b]) => a[0].inTitle < b[0].inTitle || a[0].start - b[0].start);
		const tints = new Map();
		const cards = [];
		for (const [finding, marked] of order) {
			const places = await placesOf(finding, this.data);
			const origin = places[0].article;
			const role = origin !== one ? "copy" : finding.kind === "self" ? "inside" : "source";
			const other = role === "source" ? places.find((place) => place.article !== one)?.article : origin;
			const key = role + (other?.at ?? -1);
			if (!tints.has(key)) tints.set(key, tints.size % TINTS);
			for (const mark of marked) {
				mark.number = cards.length + 1;
				mark.tint = tints.get(key);
				mark.role = role === "inside" && mark.place === 0 ? "source" : role;
			}
			cards.push(this.card(one, finding, marked, places, role, tints.get(key)));
		}
		return cards.length ? cards : el("p", {}, "No finding of this page is in it.");
	}

	card(one, finding, marked, places, role, tint) {
		const number = marked[0].number;
		const seen = new Set([one]);
		const others = [];
		for (const place of places)
			if (!seen.has(place.article)) {
				seen.add(place.article);
				others.push(place);
			}
		const listed = others
			.slice(0, MAX_OTHERS)
			.map((place) =>
				el(
					"li",
					{},
					el("a", { href: changed({ view: "article", article: place.article.name }) }, own(nameOf(place.article))),
					el("span", { class: "where" }, " ", own(bylineOf(place.article))),
				),
			);
		const copy = Math.max(1, ...marked.map((mark) => Math.abs(mark.place)));
		return el(
			"section",
			{ class: `card t-${tint}`, id: `card-${number}`, tabindex: "-1", "aria-label": `Mark ${number}` },
			el(
				"p",
				{ class: "kicker" },
				el("b", { class: "badge" }, String(number)),
				" ",
				swatch(finding.kind),
				finding.kind,
			),
			el("p", {}, `${finding.said}; ${ROLES[role]}.`),
			el(
				"ul",
				{},
				listed,
				others.length > MAX_OTHERS ? el("li", {}, `and ${many(others.length - MAX_OTHERS, "more article")}`) : null,
			),
			el("p", {}, el("a", { href: changed({ view: "finding", id: finding.id, copy }) }, "Side by side")),
		);
	}

	strip(marks, length) {
		return marks
			.filter((mark) => !mark.inTitle)
			.map((mark) => {
				const part = el("span", { class: `part t-${mark.tint} ${mark.role}` });
				part.style.left = `${(mark.start / length) * 100}%`;
				part.style.width = `${Math.max(((mark.end - mark.start) / length) * 100, 0.3)}%`;
				return part;
			});
	}

	missing(one, marks) {
		const why = one.hashed ? "The archive keeps hashes, and not this text" : "The page has no room for this text";
		const remedy = one.hashed ? "" : " --page-size makes room.";
		return el(
			"p",
			{ class: "note" },
			`${why}; ${many(marks.length, "mark")} in the strip and the cards tell where it repeats.${remedy}`,
		);
	}

	/** Return the text, cut where a mark begins or ends; of marks that overlap, the shortest shows. */
	text(body, marks) {
		const inBody = marks.filter((mark) => !mark.inTitle && mark.start < body.length);
		const edges = [
			...new Set([0, body.length, ...inBody.flatMap((mark) => [mark.start, Math.min(mark.end, body.length)])]),
		].sort((a, b) => a - b);
		const pieces = [];
		let last = null;
		for (let i = 0; i + 1 < edges.length; i += 1) {
			const [start, end] = [edges[i], edges[i + 1]];
			const on = inBody.filter((mark) => mark.start <= start && mark.end >= end);
			const mark = on.sort((a, b) => a.end - a.start - (b.end - b.start))[0];
			const piece = body.slice(start, end);
			if (!mark) pieces.push(piece);
			else {
				const number = mark === last ? null : badge(mark);
				pieces.push(
					el(
						"mark",
						{ class: `t-${mark.tint} ${mark.role}`, title: `${mark.number}: ${ROLES[mark.role]}` },
						number,
						piece,
					),
				);
			}
			last = mark ?? null;
		}
		return pieces;
	}
}

/** Return the number of a mark, which leads to its card. */
function badge(mark) {
	return el(
		"button",
		{
			type: "button",
			class: "badge",
			"aria-label": `Mark ${mark.number}: ${ROLES[mark.role]}`,
			onclick: () => {
				const card = document.getElementById(`card-${mark.number}`);
				card.scrollIntoView({ block: "nearest" });
				card.focus({ preventScroll: true });
			},
		},
		String(mark.number),
	);
}

/** Return the share of a length that marks cover. */
function covered(marks, length) {
	const spans = marks
		.filter((mark) => !mark.inTitle)
		.map((mark) => [mark.start, mark.end])
		.sort((a, b) => a[0] - b[0]);
	let total = 0;
	let reached = 0;
	for (const [start, end] of spans) {
		total += Math.max(0, end - Math.max(start, reached));
		reached = Math.max(reached, end);
	}
	return Math.min(1, total / length);
}
