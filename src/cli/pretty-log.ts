const COLORS: Readonly<Record<string, string>> = {
  fatal: '31',
  error: '31',
  warn: '33',
  info: '36',
  debug: '90',
  trace: '90',
};

/** Turns JSON log lines into lines for people: time, level, message, fields. What is not JSON passes as it is. */
export function prettyLine(line: string, color: boolean): string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { level, time, msg, ...rest } = fields;
  const name = String(level).padEnd(5);
  const shown = color ? `\u001b[${COLORS[String(level)] ?? '0'}m${name}\u001b[0m` : name;
  const clock = typeof time === 'string' ? time.slice(11, 23) : '';
  const details = Object.entries(rest)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  return `${clock} ${shown} ${String(msg)}${details === '' ? '' : `  ${details}`}\n`;
}
