/** What is shown, kept in the address: a link or a reload shows it again. */

/** Key -> what it is where the address does not name it; lists have commas between. */
const DEFAULTS = {
	view: "overview",
	id: "",
	copy: 1,
	article: "",
	q: "",
	kind: [],
	level: "",
	source: "",
	differ: "",
	score: 0,
	words: 0,
	rule: "",
	status: "",
	sort: "",
	aq: "",
	asort: "",
};

/** Return the state that an address names. */
export function parse(hash) {
	const given = new URLSearchParams(hash.replace(/^#/, ""));
	const state = {};
	for (const [name, value] of Object.entries(DEFAULTS)) {
		const text = given.get(name);
		if (text === null) state[name] = Array.isArray(value) ? [...value] : value;
		else if (Array.isArray(value)) state[name] = text.split(",").filter(Boolean);
		else if (typeof value === "number") state[name] = Number(text) || value;
		else state[name] = text;
	}
	return state;
}

/** Return the address of a state. */
export function format(state) {
	const named = new URLSearchParams();
	for (const [name, value] of Object.entries(DEFAULTS)) {
		const text = String(state[name] ?? value);
		if (text !== String(value)) named.set(name, text);
	}
	if (!named.has("view")) named.set("view", DEFAULTS.view);
	return `#${named}`;
}

/** Return the address of the state with some of it changed. */
export function changed(changes) {
	return format({ ...parse(location.hash), ...changes });
}

/** Go somewhere; with `replace`, without a step in the history of the browser. */
export function go(changes, { replace = false } = {}) {
	const hash = changed(changes);
	if (hash === location.hash) return;
	if (replace) {
		history.replaceState(null, "", hash);
		window.dispatchEvent(new HashChangeEvent("hashchange"));
	} else location.hash = hash;
}
