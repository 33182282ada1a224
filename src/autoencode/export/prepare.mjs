// Prepares the input of an exported model, and reads its output, as the file .json beside it says.
//
//   const about = JSON.parse(readFileSync("model.onnx.json", "utf8"));
//   const rows = prepare(about, [{ size: 1.5, kind: "a", day: "2024-02-29" }]);
//   const input = new ort.Tensor("float64", rows, [1, about.columns.length]);

const DAY = 86400;

export function prepare(about, examples) {
  if (!about.columns) return Int32Array.from(examples.flatMap((text) => tokens(about, text)));
  return Float64Array.from(examples.flatMap((row) => about.columns.map((c) => number(c, row[c.name]))));
}

export function restore(about, numbers) {
  const { columns } = about;
  return Array.from({ length: numbers.length / columns.length }, (_, i) =>
    Object.fromEntries(columns.map((c, j) => [c.name, cell(c, numbers[i * columns.length + j])])));
}

function number(column, value) {
  if (value === null || value === undefined || Number.isNaN(value)) return NaN;
  if (column.kind === "levels") {
    const place = column.levels.indexOf(value);
    return place >= 0 ? place : column.rare ?? NaN;
  }
  if (column.kind === "dates") { // UTC, if the text names no time zone
    const text = /T/.test(value) && !/(Z|[+-]\d\d:?\d\d)$/.test(value) ? `${value}Z` : value;
    return (Date.parse(text) / 1000 - column.origin_seconds) / DAY;
  }
  if (column.kind === "durations") return (value - column.origin_seconds) / DAY; // seconds
  if (column.origin) return Number(BigInt(value) - BigInt(column.origin)) / 10 ** column.scale;
  return Number(value);
}

function cell(column, x) {
  if (Number.isNaN(x)) return null;
  if (column.kind === "levels") return column.levels[x];
  if (column.kind === "dates") return new Date(1000 * (x * DAY + column.origin_seconds)).toISOString();
  if (column.kind === "durations") return x * DAY + column.origin_seconds;
  return column.origin ? BigInt(column.origin) + BigInt(Math.round(x * 10 ** column.scale)) : x;
}

function tokens({ tokens: { kind, symbols, pieces, merges }, length, end, cut_off }, text) {
  let bytes = [...new TextEncoder().encode(text)];
  let n = cut_off && kind !== "symbols of SELFIES" ? length - 1 : Infinity;
  while (n < bytes.length && n > 0 && bytes[n] >= 128 && bytes[n] < 192) n -= 1; // whole characters
  bytes = bytes.slice(0, n);
  let row = bytes;
  if (kind === "symbols of SELFIES") row = text.match(/\[[^\]]*\]|\./g)?.map((s) => symbols.indexOf(s)) ?? [];
  if (kind === "subwords") row = subwords(String.fromCharCode(...bytes), pieces, merges);
  if ((kind === "subwords" ? bytes : row).length >= length || row.includes(-1)) throw new RangeError(`"${text}" is too long, or not of this kind`);
  return [...row, ...Array(length - row.length).fill(end)];
}

function subwords(text, pieces, merges) { // byte-pair encoding, the first merge first
  const places = new Map(pieces.map((piece, i) => [piece, i]));
  const ranks = new Map(merges.map(([a, b], i) => [`${a}\u0100${b}`, i]));
  return (text.match(/ ?[^ ]+| +/g) ?? []).flatMap((word) => {
    const parts = [...word];
    for (;;) {
      const order = parts.slice(1).map((b, i) => ranks.get(`${parts[i]}\u0100${b}`) ?? Infinity);
      const least = Math.min(...order, Infinity);
      if (least === Infinity) return parts.map((part) => places.get(part));
      const i = order.indexOf(least);
      parts.splice(i, 2, parts[i] + parts[i + 1]);
    }
  });
}
