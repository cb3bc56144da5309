/** A table of any length of which only the rows on screen exist; arrows, Home, End and Page keys move in it. */

import { el, put } from "./dom.js";

/** Pixels above and below the window in which rows exist too. */
const MARGIN = 400;

export class Grid {
	/**
	 * @param {object} options
	 * @param {string} options.label
	 * @param {Array<{key: string, label: string, sorts?: boolean}>} options.columns
	 * @param {(item) => Array} options.cells one content for each column, and one more for the row below, if any
	 * @param {(item) => number} options.height of a row, in pixels
	 * @param {(item) => void} options.open on Enter and on a click
	 * @param {(item) => void} [options.toggle] on Space
	 * @param {(key: string) => void} [options.sort]
	 */
	constructor(options) {
		Object.assign(this, options);
		this.items = [];
		this.offsets = [0];
		this.rows = new Map();
		this.active = 0;
		this.body = el("div", { role: "rowgroup", class: "rows" });
		this.head = el("div", { role: "row", class: "row head", "aria-rowindex": "1" });
		this.element = el(
			"div",
			{
				role: "grid",
				class: `grid ${options.css ?? ""}`,
				"aria-label": options.label,
				"aria-colcount": this.columns.length,
			},
			el("div", { role: "rowgroup", class: "heads" }, this.head),
			this.body,
		);
		this.body.addEventListener("keydown", (event) => this.key(event));
		this.body.addEventListener("click", (event) => this.click(event));
		this.body.addEventListener("focusin", (event) => this.focused(event));
		let waiting = false;
		this.later = () => {
			if (waiting) return;
			waiting = true;
			requestAnimationFrame(() => {
				waiting = false;
				this.render();
			});
		};
		window.addEventListener("scroll", this.later, { passive: true });
		window.addEventListener("resize", () => this.measure());
	}

	/** Show the sort order: a key and `ascending` or `descending`. */
	heads(key, order) {
		put(
			this.head,
			this.columns.map((column) => {
				const sorted = column.key === key;
				const label = column.sorts
					? el(
							"button",
							{ type: "button", onclick: () => this.sort(column.key) },
							column.label,
							el("span", { "aria-hidden": "true" }, sorted ? (order === "ascending" ? " ▲" : " ▼") : ""),
						)
					: column.label;
				return el("div", { role: "columnheader", class: `c-${column.key}`, "aria-sort": sorted ? order : null }, label);
			}),
		);
	}

	/** Show other items. */
	show(items, active = 0) {
		this.items = items;
		this.active = Math.max(0, Math.min(active, items.length - 1));
		this.element.setAttribute("aria-rowcount", items.length + 1);
		this.measure();
	}

	/** Lay all rows out again, as when one has unfolded. */
	measure() {
		this.offsets = new Float64Array(this.items.length + 1);
		for (let i = 0; i < this.items.length; i += 1) this.offsets[i + 1] = this.offsets[i] + this.height(this.items[i]);
		this.body.style.setProperty("--height", `${this.offsets.at(-1)}px`);
		const focused = this.body.contains(document.activeElement);
		for (const row of this.rows.values()) row.remove();
		this.rows.clear();
		this.render();
		if (focused) this.focus(this.active);
	}

	/** Return the number of the row at a height. */
	rowAt(y) {
		let low = 0;
		let high = this.items.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.offsets[middle + 1] <= y) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	/** Make the rows that are on screen, and let go of the others. */
	render() {
		if (!this.element.isConnected || !this.element.offsetParent) return;
		const top = this.body.getBoundingClientRect().top;
		const printing = matchMedia("print").matches;
		const first = printing ? 0 : this.rowAt(-top - MARGIN);
		const last = printing
			? Math.min(this.items.length, PRINTED)
			: Math.min(this.items.length, this.rowAt(window.innerHeight - top + MARGIN) + 1);
		const focused = this.body.contains(document.activeElement) ? this.active : -1;
		for (const [i, row] of this.rows)
			if ((i < first || i >= last) && i !== focused) {
				row.remove();
				this.rows.delete(i);
			}
		for (let i = first; i < last; i += 1) if (!this.rows.has(i)) this.make(i);
		// A row that keyboards can reach is there even when the one that was active has gone.
		const reachable = this.rows.has(this.active) ? this.active : first;
		for (const [i, row] of this.rows) row.tabIndex = i === reachable ? 0 : -1;
	}

	make(i) {
		const item = this.items[i];
		const contents = this.cells(item);
		const row = el(
			"div",
			{ role: "row", class: "row", "aria-rowindex": i + 2 },
			this.columns.map((column, at) => el("div", { role: "gridcell", class: `c-${column.key}` }, contents[at])),
			contents.length > this.columns.length ? el("div", { role: "gridcell", class: "below" }, contents.at(-1)) : null,
		);
		row.style.setProperty("--top", `${this.offsets[i]}px`);
		row.style.setProperty("--height", `${this.offsets[i + 1] - this.offsets[i]}px`);
		// Rows stand in the document in the order in which they are read.
		const after = [...this.rows.entries()].filter(([at]) => at > i).sort(([a], [b]) => a - b)[0];
		this.body.insertBefore(row, after ? after[1] : null);
		this.rows.set(i, row);
	}

	/** Put the focus on a row, and the row on screen. */
	focus(i) {
		if (!this.items.length) return;
		this.active = Math.max(0, Math.min(i, this.items.length - 1));
		this.scrollTo(this.active);
		this.render();
		if (!this.rows.has(this.active)) this.make(this.active);
		const row = this.rows.get(this.active);
		row.tabIndex = 0;
		row.focus({ preventScroll: true });
	}

	scrollTo(i) {
		const top = this.body.getBoundingClientRect().top;
		const above = document.querySelector(".masthead").offsetHeight + this.head.offsetHeight + 8;
		const start = top + this.offsets[i];
		const end = top + this.offsets[i + 1];
		if (start < above) window.scrollBy(0, start - above);
		else if (end > window.innerHeight - 8) window.scrollBy(0, end - window.innerHeight + 8);
	}

	numberOf(target) {
		const row = target.closest(".row");
		for (const [i, one] of this.rows) if (one === row) return i;
		return -1;
	}

	focused(event) {
		const i = this.numberOf(event.target);
		if (i < 0 || i === this.active) return;
		const before = this.rows.get(this.active);
		if (before) before.tabIndex = -1;
		this.active = i;
		this.rows.get(i).tabIndex = 0;
	}

	click(event) {
		const i = this.numberOf(event.target);
		if (i < 0 || event.target.closest("a, button") || !getSelection().isCollapsed) return;
		this.active = i;
		this.open(this.items[i]);
	}

	key(event) {
		if (event.ctrlKey || event.metaKey || event.altKey) return;
		const inRow = event.target.classList.contains("row");
		const page = Math.max(1, this.rowAt(this.offsets[this.active] + window.innerHeight * 0.7) - this.active);
		const to = {
			ArrowDown: this.active + 1,
			ArrowUp: this.active - 1,
			PageDown: this.active + page,
			PageUp: this.active - page,
			Home: 0,
			End: this.items.length - 1,
		}[event.key];
		if (to !== undefined) this.focus(to);
		else if (event.key === "Enter" && inRow) this.open(this.items[this.active]);
		else if (event.key === " " && inRow && this.toggle) this.toggle(this.items[this.active]);
		else return;
		event.preventDefault();
	}
}

/** So many rows go on paper. */
export const PRINTED = 200;
