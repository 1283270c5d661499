import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Metrics } from '../../src/api/metrics.js';

const figures = {
  calls: 0,
  dialogs: 0,
  transactions: 0,
  connections: 0,
  rtpPortsInUse: 0,
  rtpPortsResting: 0,
  timers: 0,
};

describe('docs/reference/metrics.md', () => {
  it('lists every metric of ours with its type, labels and meaning, and nothing else', async () => {
    const metrics = new Metrics(() => Promise.resolve(figures));
    metrics.decided('allow', 'all', 1);
    metrics.callEnded('failed', null);
    metrics.webhookDropped('transcript');
    const actual = (await metrics.registry.getMetricsAsJSON())
      .filter(({ name }) => name.startsWith('portcullis_'))
      .map(({ name, help, type, values }) => {
        const labels = Object.keys(values[0]?.labels ?? {}).filter((label) => label !== 'le');
        return `${name} ${String(type)} ${labels.join(',')} ${help}`;
      });
    const text = await readFile('docs/reference/metrics.md', 'utf8');
    const documented = text
      .split('\n')
      .filter((line) => line.startsWith('| `portcullis_'))
      .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
      .map(
        ([, name, type, labels, meaning]) =>
          `${name ?? ''} ${type ?? ''} ${(labels ?? '').replaceAll(', ', ',')} ${meaning ?? ''}`,
      );
    expect(documented.sort()).toEqual(actual.sort());
  });
});
