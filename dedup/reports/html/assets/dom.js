/** Elements made of data: text is only ever text, links lead to http and https only. */

/** Controls, and what turns the order of text around (UAX #9: embeddings, overrides, isolates). */
const STEERING =
	// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
	/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Return text with everything visible that could steer whoever reads it. */
export function visible(text) {
	return String(text).replace(STEERING, (char) => {
		const code = char.codePointAt(0).toString(16).toUpperCase();
		return `[U+${code.padStart(4, "0")}]`;
	});
}

/** Return an element: `on...` in attributes are listeners, null and false leave one out, children are nodes or text. */
export function el(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
		else if (value === true) element.setAttribute(name, "");
		else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
	}
	element.append(...nodes(children));
	return element;
}

/** Return children as nodes; strings become text. */
function nodes(children) {
	return children
		.flat()
		.filter((child) => child !== null && child !== undefined && child !== false)
		.map((child) => (child instanceof Node ? child : document.createTextNode(visible(child))));
}

/** Replace what an element holds. */
export function put(element, ...children) {
	element.replaceChildren(...nodes(children));
	return element;
}

/** Return text that keeps its own direction. */
export function own(text, css = null) {
	return el("bdi", { dir: "auto", class: css }, text);
}

/** Return a link to a page of the web, or the address as text where it is of any other kind. */
export function webLink(address, label = address) {
	let url = null;
	try {
		url = new URL(address);
	} catch {
		// not an address: shown as it is
	}
	if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) return own(address);
	return el("a", { href: url.href, rel: "noopener noreferrer", target: "_blank" }, own(label));
}

/** Return a count with its noun. */
export function many(count, noun) {
	return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** Return a share in percent. */
export function percent(share) {
	return `${(share * 100).toFixed(1)}%`;
}

/** Return a score to two decimals, to three where two would call it 1. */
export function decimal(value) {
	return value < 1 && value > 0.994 ? Math.min(value, 0.999).toFixed(3) : value.toFixed(2);
}

/** Return the square that stands for a kind. */
export function swatch(kind) {
	return el("span", { class: `swatch s-${kind}`, "aria-hidden": "true" });
}

/** Say something to those who do not see the page. */
export function say(text) {
	document.getElementById("said").textContent = visible(text);
}
