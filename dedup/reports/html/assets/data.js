/** The blocks of the page -> findings and articles; texts are unpacked when they are asked for. */

/** So many unpacked blocks of texts are kept. */
const MAX_BLOCKS = 48;
const blocks = new Map();

/** Unpack a block: gzipped JSON in base64. */
async function unpack(element) {
	const bytes = Uint8Array.from(atob(element.textContent), (char) => char.charCodeAt(0));
	const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
	return new Response(stream).json();
}

/** Return a block, or null where there is none. */
async function block(kind, number) {
	const name = `${kind}-${number}`;
	let found = blocks.get(name);
	if (!found) {
		const element = document.getElementById(name);
		found = element ? unpack(element) : Promise.resolve(null);
	}
	blocks.delete(name);
	blocks.set(name, found);
	if (blocks.size > MAX_BLOCKS) blocks.delete(blocks.keys().next().value);
	return found;
}

/** Return all entries of a kind. */
async function all(kind) {
	const parts = [];
	for (let i = 0; document.getElementById(`${kind}-${i}`); i += 1)
		parts.push(unpack(document.getElementById(`${kind}-${i}`)));
	return (await Promise.all(parts)).flat();
}

/** Return the meta data, findings and articles of the page. */
export async function load() {
	const [[meta], findingRows, articleRows] = await Promise.all([all("meta"), all("findings"), all("articles")]);
	const articles = articleRows.map((row, at) => article(row, at, meta));
	const findings = findingRows.map((row, at) => finding(row, at, meta));
	return {
		meta,
		findings,
		articles,
		byId: new Map(findings.map((one) => [one.id, one])),
		byName: names(articles),
	};
}

function finding(row, at, meta) {
	return {
		at,
		id: row[0],
		kind: meta.kinds[row[1]].name,
		level: meta.levels[row[2]],
		exact: row[3] === 1,
		numbers: row[4] === 1,
		weight: row[5],
		words: row[6],
		places: row[7],
		articles: row[8],
		heads: row[9],
		sources: row[10],
		jaccard: row[11],
		containment: row[12],
		cosine: row[13],
		said: row[14],
		excerpt: row[15],
		block: [row[16], row[17]],
		codes: row[18],
		status: row[19],
		more: row[20],
	};
}

function article(row, at, meta) {
	return {
		at,
		id: row[0],
		title: row[1],
		source: meta.sources[row[2]],
		url: row[3],
		path: meta.files[row[4]],
		record: row[5],
		bodyLine: row[6],
		words: row[7],
		repeated: row[8],
		text: [row[9], row[10]],
		date: row[11],
		length: row[12],
		marks: [row[13], row[14]],
		archived: row[15] > 0,
		hashed: row[15] === 2, // the archive has no text of it
	};
}

/** Return each article by the name that links give it: its id, numbered where others have it too. */
function names(articles) {
	const found = new Map();
	for (const one of articles) {
		let name = one.id;
		for (let i = 2; found.has(name); i += 1) name = `${one.id}~${i}`;
		one.name = name;
		found.set(name, one);
	}
	return found;
}

const PLACE = [
	"article",
	"inTitle",
	"start",
	"end",
	"line",
	"column",
	"paragraph",
	"words",
	"jaccard",
	"containment",
	"cosine",
	"numbers",
];

/** Return the places of a finding, the first ones with their texts. */
export async function placesOf(one, data) {
	const [rows, texts] = (await block("details", one.block[0]))[one.block[1]];
	return rows.map((row, at) => {
		const place = Object.fromEntries(PLACE.map((name, i) => [name, row[i]]));
		const [before, text, after, cut] = texts[at] ?? [];
		place.article = data.articles[place.article];
		if (text !== undefined) place.text = { before, text: text === 0 ? texts[0][1] : text, after, cut: cut === 1 };
		return place;
	});
}

/** Return the text of the first place that has one of each finding of a block, by the row of the finding; blocks go one by one. */
export async function* fullTexts(data) {
	let at = 0;
	for (let i = 0; document.getElementById(`details-${i}`); i += 1) {
		const entries = await unpack(document.getElementById(`details-${i}`));
		yield entries.map(([, texts]) => [data.findings[at++], Object.values(texts)[0]?.[1] ?? ""]);
	}
}

/** Return the body of an article, or null where the page does not hold it. */
export async function bodyOf(one) {
	if (one.text[0] < 0) return null;
	return (await block("texts", one.text[0]))[one.text[1]];
}

/** Return where findings stand in an article; `start` and `end` in UTF-16 units of its text, if that is given. */
export async function marksOf(one, data, body = null) {
	const flat = (await block("marks", one.marks[0]))[one.marks[1]];
	const units = body === null ? (at) => at : unitsOf(body);
	const marks = [];
	for (let i = 0; i < flat.length; i += 5)
		marks.push({
			finding: data.findings[flat[i]],
			place: flat[i + 1],
			inTitle: flat[i + 2] === 1,
			start: flat[i + 2] ? flat[i + 3] : units(flat[i + 3]),
			end: flat[i + 2] ? flat[i + 4] : units(flat[i + 4]),
		});
	return marks;
}

/** Return what turns a number of characters into a number of UTF-16 units. */
function unitsOf(text) {
	if (!/[\ud800-\udfff]/.test(text)) return (at) => at;
	const units = [0];
	for (const char of text) units.push(units.at(-1) + char.length);
	return (at) => units[Math.min(at, units.length - 1)];
}

/** Return the body of a place of a whole article as its text. */
export async function textOf(place, one) {
	if (place.text) return place.text;
	if (one.level !== "article") return null;
	const body = await bodyOf(place.article);
	return body === null ? null : { before: "", text: body, after: "", cut: false };
}

/** Return how an article is called. */
export function nameOf(one) {
	return one.title || one.id || `record ${one.record}`;
}

/** Return source and day of an article. */
export function bylineOf(one) {
	return [one.source, dayOf(one), one.archived ? "in the archive" : "", one.hashed ? "text not kept" : ""]
		.filter(Boolean)
		.join(", ");
}

/** Return the day of an article, or an empty string. */
export function dayOf(one) {
	return one.date.slice(0, 10);
}

/** Return where a place stands, in words. */
export function whereOf(place) {
	const one = place.article;
	if (place.inTitle) return `${one.path}${one.bodyLine ? "" : `:${one.record}`}, title`;
	if (one.bodyLine) return `${one.path}, line ${place.line}`;
	const at = place.paragraph ? `paragraph ${place.paragraph}` : `line ${place.line} of the text`;
	return `${one.path}, record ${one.record}, ${at}`;
}
