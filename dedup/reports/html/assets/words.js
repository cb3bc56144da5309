/** Two texts -> their words, and which of them differ. */

const NO_SPACES =
	"\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
const MARKS =
	"!-\\/:-@\\[-`\\{-~\\xa1-\\xbf\\u2010-\\u2027\\u2030-\\u205e\\u3001-\\u303f\\uff01-\\uff0f\\uff1a-\\uff20\\u0964\\u0965";
const OTHER = `[^\\s${NO_SPACES}${MARKS}]`;
/** As in `dedup.reports.words`: scripts without spaces give one word a character. */
const WORD = new RegExp(`[${NO_SPACES}]|${OTHER}+(?:[.,'’\\-]${OTHER}+)*|\\S`, "gu");
const ALIKE = { "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"' };

/** More steps than this and a stretch is one change: the time grows with their square. */
const MAX_STEPS = 800;
/** Longer stretches are first cut at words that stand once in both. */
const CUT_AT = 120;

/** Return the words of a text, each with where it stands and what it is compared by. */
export function split(text) {
	return Array.from(text.matchAll(WORD), (found) => ({
		text: found[0],
		start: found.index,
		end: found.index + found[0].length,
		key: found[0]
			.toLowerCase()
			.normalize("NFKC")
			.replace(/[‘’‚“”„]/g, (mark) => ALIKE[mark])
			.replace(/[‐‑–—]/g, "-"),
	}));
}

/** Return how the right words come from the left: stretches `{equal, left: [start, end], right: [start, end]}`. */
export function compare(left, right) {
	const found = [];
	walk(
		left.map((word) => word.key),
		right.map((word) => word.key),
		[0, left.length],
		[0, right.length],
		found,
	);
	return merge(found);
}

function walk(left, right, [leftStart, leftEnd], [rightStart, rightEnd], out) {
	let a = leftStart;
	let b = rightStart;
	while (a < leftEnd && b < rightEnd && left[a] === right[b]) {
		a += 1;
		b += 1;
	}
	let c = leftEnd;
	let d = rightEnd;
	while (c > a && d > b && left[c - 1] === right[d - 1]) {
		c -= 1;
		d -= 1;
	}
	out.push({ equal: true, left: [leftStart, a], right: [rightStart, b] });
	if (a < c && b < d) {
		const cuts = c - a + d - b > CUT_AT ? anchors(left, right, a, c, b, d) : [];
		if (cuts.length) {
			let from = [a, b];
			for (const [i, j] of [...cuts, [c, d]]) {
				walk(left, right, [from[0], i], [from[1], j], out);
				from = [i, j];
			}
		} else out.push(...steps(left, right, a, c, b, d));
	} else out.push({ equal: false, left: [a, c], right: [b, d] });
	out.push({ equal: true, left: [c, leftEnd], right: [d, rightEnd] });
}

/** Return pairs of places of words that stand once on both sides, as many as keep their order (patience diff). */
function anchors(left, right, a, c, b, d) {
	const places = new Map();
	for (let i = a; i < c; i += 1) places.set(left[i], places.has(left[i]) ? [-1, -1] : [i, -1]);
	for (let j = b; j < d; j += 1) {
		const place = places.get(right[j]);
		if (place) place[1] = place[1] === -1 ? j : -2;
	}
	const pairs = [...places.values()].filter(([i, j]) => i >= 0 && j >= 0 && !(i === a && j === b));
	// The longest run that rises on both sides.
	const tails = [];
	const before = new Array(pairs.length);
	pairs.forEach(([, j], at) => {
		let low = 0;
		let high = tails.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (pairs[tails[middle]][1] < j) low = middle + 1;
			else high = middle;
		}
		before[at] = low ? tails[low - 1] : -1;
		tails[low] = at;
	});
	const chosen = [];
	for (let at = tails.at(-1) ?? -1; at >= 0; at = before[at]) chosen.push(pairs[at]);
	return chosen.reverse();
}

/** Return the shortest way from left to right (E. Myers 1986, An O(ND) difference algorithm). */
function steps(left, right, a, c, b, d) {
	const width = Math.min(c - a + d - b, MAX_STEPS);
	const reach = new Int32Array(2 * width + 3);
	const trace = [];
	for (let step = 0; step <= width; step += 1) {
		trace.push(reach.slice());
		for (let k = -step; k <= step; k += 2) {
			const down = k === -step || (k !== step && reach[width + k] < reach[width + k + 2]);
			let x = down ? reach[width + k + 2] : reach[width + k] + 1;
			let y = x - k;
			while (a + x < c && b + y < d && left[a + x] === right[b + y]) {
				x += 1;
				y += 1;
			}
			reach[width + k + 1] = x;
			if (a + x >= c && b + y >= d) return back(trace, width, a, c, b, d, step);
		}
	}
	return [{ equal: false, left: [a, c], right: [b, d] }];
}

function back(trace, width, a, c, b, d, last) {
	const out = [];
	let x = c - a;
	let y = d - b;
	for (let step = last; step > 0; step -= 1) {
		const reach = trace[step];
		const k = x - y;
		const down = k === -step || (k !== step && reach[width + k] < reach[width + k + 2]);
		const fromX = down ? reach[width + k + 2] : reach[width + k];
		const fromY = fromX - (down ? k + 1 : k - 1);
		const midX = down ? fromX : fromX + 1;
		const midY = down ? fromY + 1 : fromY;
		out.push({ equal: true, left: [a + midX, a + x], right: [b + midY, b + y] });
		out.push({
			equal: false,
			left: [a + fromX, a + midX],
			right: [b + fromY, b + midY],
		});
		x = fromX;
		y = fromY;
	}
	out.push({ equal: true, left: [a, a + x], right: [b, b + y] });
	return out.reverse();
}

/** Return stretches without empty ones, neighbours of one kind as one. */
function merge(found) {
	const out = [];
	for (const one of found) {
		if (one.left[0] === one.left[1] && one.right[0] === one.right[1]) continue;
		const last = out.at(-1);
		if (last && last.equal === one.equal) {
			last.left[1] = one.left[1];
			last.right[1] = one.right[1];
		} else
			out.push({
				equal: one.equal,
				left: [...one.left],
				right: [...one.right],
			});
	}
	return out;
}

/** Return what changed in numbers and in names: pairs of strings, one of them may be empty. */
export function changes(left, right, stretches) {
	const numbers = new Map();
	const names = new Map();
	for (const one of stretches) {
		if (one.equal) continue;
		pair(numbers, numbersOf(left, one.left), numbersOf(right, one.right));
		pair(names, namesOf(left, one.left), namesOf(right, one.right));
	}
	return { numbers: [...numbers.values()], names: [...names.values()] };
}

function pair(into, before, after) {
	for (let i = 0; i < Math.max(before.length, after.length); i += 1) {
		const one = [before[i] ?? "", after[i] ?? ""];
		if (one[0] !== one[1]) into.set(one.join("\u0000"), one);
	}
}

/** Whether a word has a digit. */
export function isNumber(word) {
	return /\p{Nd}/u.test(word.text);
}

function numbersOf(words, [start, end]) {
	return words
		.slice(start, end)
		.filter(isNumber)
		.map((word) => word.text);
}

/** Return the runs of capitalised words; one at the start of a sentence may be no name and is left out. */
function namesOf(words, [start, end]) {
	const names = [];
	let run = [];
	for (let i = start; i <= end; i += 1) {
		const word = i < end ? words[i] : null;
		if (word && /^\p{Lu}/u.test(word.text)) {
			run.push(i);
			continue;
		}
		const opens = run.length && (run[0] === 0 || /[.!?:"“”]/.test(words[run[0] - 1].text));
		if (run.length > 1 || (run.length && !opens)) names.push(run.map((at) => words[at].text).join(" "));
		run = [];
	}
	return names;
}
