// Numbers and codes as text.

const TIMES = [
  [3600, "h"],
  [60, "min"],
  [1, "s"],
] as const;

export function number(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-3)) {
    return value.toExponential(digits - 1).replace("-", "−").replace("e+", "e");
  }
  const whole = Math.abs(value) >= 10 ** (digits - 1);
  const text = whole ? value.toFixed(0) : String(Number(value.toPrecision(digits)));
  return text.replace("-", "−");
}

export function count(value: number, noun: string, plural = `${noun}s`): string {
  return `${value.toLocaleString("en-US")} ${value === 1 ? noun : plural}`;
}

export function seconds(value: number): string {
  for (const [length, unit] of TIMES) {
    if (value >= length) return `${Math.round(value / length)} ${unit}`;
  }
  return "1 s";
}

// A number of the probability p, between the quantiles of a unit.
export function quantile(quantiles: number[], probabilities: number[], p: number): number {
  const last = probabilities.length - 1;
  let k = 0;
  while (k < last - 1 && probabilities[k + 1]! < p) k++;
  const share = (p - probabilities[k]!) / (probabilities[k + 1]! - probabilities[k]! || 1);
  const t = Math.min(Math.max(share, 0), 1);
  return quantiles[k]! * (1 - t) + quantiles[k + 1]! * t;
}
