// Runs what `make dist` made as those who get it would, and prints how many checks passed:
//   node packaging/test.mjs VERSION CHECKS, where CHECKS is the folder of what scripts/dist-test.sh fetched
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, lchownSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const [version, checks] = process.argv.slice(2);
const DIST = resolve('dist');
const [OWN, OTHER] = process.arch === 'arm64' ? ['aarch64', 'x86_64'] : ['x86_64', 'aarch64'];
const ARCHITECTURES = { x86_64: 'amd64', aarch64: 'arm64' };
const ACCOUNT = 65532;
const MOST = { commands: 5, seconds: 60, exposure: 2.0 };

const binary = (machine) => join(DIST, `keystead-${version}-linux-${machine}`);
const work = mkdtempSync(join(tmpdir(), 'keystead-dist-'));
chmodSync(work, 0o755);

function folder(name) {
  const path = join(work, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** Runs a command, and gives what it printed. */
function run(program, args, { env = {}, input = '', fails = false } = {}) {
  const done = spawnSync(program, args, { env: { PATH: process.env.PATH, ...env }, input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (done.error) throw done.error;
  if ((done.status !== 0) !== fails) throw new Error(`${program} ${args.join(' ')} ended with ${done.status}: ${done.stderr}`);
  return fails ? done.stderr : done.stdout;
}

/** Runs a server while `act` runs, which gets its address. `through` is a command that ends in its program. */
async function serving(through, env, act) {
  const child = spawn(through[0], through.slice(1), { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  let [printed, log] = ['', ''];
  child.stdout.on('data', (chunk) => (printed += chunk));
  child.stderr.on('data', (chunk) => (log += chunk));
  try {
    for (let tries = 0; !printed.includes('running at'); tries += 1) {
      if (child.exitCode !== null || tries === 600) throw new Error(`it did not start (${child.exitCode}): ${log}`);
      await pause(100);
    }
    return await act(`http://127.0.0.1:${/running at http:\/\/localhost:(\d+)/.exec(printed)[1]}`);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

/** Makes a service's key and a caller's by the command line, and has the server verify the second. */
async function verifies(through, env) {
  const issue = (name, permission) =>
    run(through[0], [...through.slice(1), 'key', 'issue', '--kind', 'service', '--name', name, '--permission', permission], { env }).trim();
  const [verifier, key] = [issue('Gateway', 'keystead.verify'), issue('Invoices', 'invoices.read')];
  return serving(through, { ...env, KEYSTEAD_LISTEN: '127.0.0.1:0' }, async (url) => {
    const headers = { authorization: `Bearer ${verifier}`, 'content-type': 'application/json' };
    const answer = await fetch(`${url}/v1/keys/verify`, { method: 'POST', headers, body: JSON.stringify({ key }) });
    const { code } = await answer.json();
    if (code !== 'VALID') throw new Error(`the verdict is ${code}`);
  });
}

const CHECKS = {
  'the sums are right': () => {
    run('sh', ['-c', 'cd "$1" && sha256sum --check --strict SHA256SUMS', '-', DIST]);
    const listed = readFileSync(join(DIST, 'SHA256SUMS'), 'utf8').trim().split('\n').map((line) => line.split('  ')[1]);
    const there = readdirSync(DIST).filter((name) => statSync(join(DIST, name)).isFile() && name !== 'SHA256SUMS').sort();
    if (listed.join() !== there.join()) throw new Error(`listed are ${listed}, there are ${there}`);
  },

  'the binary alone in an empty folder verifies a key': async () => {
    const root = folder('empty');
    copyFileSync(binary(OWN), join(root, 'keystead'));
    // In a namespace of its own, so that it needs no root.
    await verifies(['unshare', '--user', '--map-root-user', 'chroot', root, '/keystead'], { KEYSTEAD_DATA_DIR: '/data' });
    const left = readdirSync(root).sort().join();
    if (left !== 'data,keystead') throw new Error(`there are ${left}`);
  },

  'the binary of the other architecture verifies a key under qemu': async () => {
    const through = [`qemu-${OTHER}-static`, binary(OTHER)];
    const said = run(through[0], [through[1], '--version']).trim();
    if (said !== `keystead ${version}`) throw new Error(said);
    await verifies(through, { KEYSTEAD_DATA_DIR: folder('other') });
  },

  'the archives hold the binary, manual, completions and unit': () => {
    for (const machine of [OWN, OTHER]) {
      const name = `keystead-${version}-linux-${machine}`;
      run('tar', ['--extract', '--file', join(DIST, `${name}.tar.gz`), '--directory', work]);
      for (const file of ['LICENSE', 'README', 'keystead.service', 'man/keystead.1', 'man/keystead-key-issue.1', 'completions/keystead.bash']) {
        if (!existsSync(join(work, name, file))) throw new Error(`${name} has no ${file}`);
      }
      if (!readFileSync(join(work, name, 'keystead')).equals(readFileSync(binary(machine)))) throw new Error('another binary');
    }
  },

  'the image is unpacked by another tool, and is ready as its account on a read-only root': async () => {
    for (const machine of [OTHER, OWN]) {
      const architecture = ARCHITECTURES[machine];
      const from = ['--override-os', 'linux', '--override-arch', architecture];
      const one = join(work, `image-${architecture}`);
      run('skopeo', [...from, 'copy', '--quiet', `oci-archive:${join(DIST, `keystead-${version}-oci.tar`)}:${version}`, `oci:${one}:${version}`]);
      const config = JSON.parse(run('skopeo', [...from, 'inspect', '--config', `oci:${join(DIST, 'oci')}:${version}`]));
      const { User, Entrypoint, Volumes, Healthcheck } = config.config;
      const expected = [`${ACCOUNT}:${ACCOUNT}`, ['/keystead'], { '/data': {} }];
      if (config.architecture !== architecture || JSON.stringify([User, Entrypoint, Volumes]) !== JSON.stringify(expected)) {
        throw new Error(JSON.stringify(config));
      }
      // Docker's own member, which skopeo leaves out.
      if (Healthcheck && Healthcheck.Test.join(' ') !== 'CMD /keystead health') throw new Error(JSON.stringify(Healthcheck));
      run('umoci', ['unpack', '--image', `${one}:${version}`, join(work, architecture)]);
    }
    const root = join(work, ARCHITECTURES[OWN], 'rootfs');
    const files = run('find', [root, '-type', 'f', '-printf', '%P\n']).trim().split('\n').sort().join();
    if (files !== 'etc/group,etc/passwd,etc/ssl/certs/ca-certificates.crt,keystead') throw new Error(`in the image are ${files}`);
    if (!readFileSync(join(root, 'keystead')).equals(readFileSync(binary(OWN)))) throw new Error('another binary');

    const { config } = JSON.parse(run('skopeo', ['inspect', '--config', `oci:${join(DIST, 'oci')}:${version}`]));
    const env = Object.fromEntries(config.Env.map((line) => line.split('=')));
    const contained = (volume, ...args) => [
      'unshare', '--mount', 'sh', '-euc',
      'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; mount --bind "$2" "$1/data"; shift 2; exec "$@"', '-', root, volume,
      'chroot', '--userspec', config.User, root, ...config.Entrypoint, ...args,
    ];
    // A new volume gets what the image has in its place.
    const volume = join(work, 'volume');
    run('cp', ['--archive', join(root, 'data'), volume]);
    const { uid, mode } = statSync(volume);
    if (uid !== ACCOUNT || (mode & 0o777) !== 0o700) throw new Error(`/data is ${uid} ${mode.toString(8)}`);
    await serving(contained(volume), { ...env, KEYSTEAD_LISTEN: '127.0.0.1:0' }, async (url) => {
      const [program, ...rest] = contained(volume, 'health');
      const said = run(program, rest, { env: { ...env, KEYSTEAD_LISTEN: url.replace('http://', '') } });
      if (said !== 'ready\n') throw new Error(said);
    });
    await verifies(contained(volume), env);

    // What is mounted most often: a folder of root.
    const theirs = folder('theirs');
    lchownSync(theirs, 0, 0);
    const [program, ...rest] = contained(theirs);
    const said = run(program, rest, { env: { ...env, KEYSTEAD_LISTEN: '127.0.0.1:0' }, fails: true });
    if (!said.includes(`chown -R ${ACCOUNT}`)) throw new Error(said);
    const [alone, ...words] = contained(join(root, 'data'));
    const closed = run(alone, words, { env: { ...env, KEYSTEAD_LISTEN: '127.0.0.1:0' }, fails: true });
    if (!closed.includes('read-only file system')) throw new Error(closed);
  },

  'the unit is closed to all that it does not need': () => {
    const unit = join(DIST, 'keystead.service');
    const said = run('systemd-analyze', ['security', '--no-pager', '--offline=true', `--threshold=${10 * MOST.exposure}`, unit]);
    const written = join(work, 'keystead.service');
    writeFileSync(written, readFileSync(unit, 'utf8').replace(/^ExecStart=.*/m, 'ExecStart=/bin/true'));
    const wrong = run('sh', ['-c', 'systemd-analyze verify --man=no "$1" 2>&1', '-', written]);
    if (wrong) throw new Error(wrong);
    return /exposure level .*: ([\d.]+)/.exec(said)[0];
  },

  'the server makes no system call that the unit refuses': async () => {
    const calls = (name) => {
      const lines = run('systemd-analyze', ['syscall-filter', '--no-pager', name]).split('\n').slice(1).map((line) => line.trim());
      return lines.filter((line) => line && !line.startsWith('#')).flatMap((line) => (line.startsWith('@') ? calls(line) : [line]));
    };
    const unit = readFileSync(join(DIST, 'keystead.service'), 'utf8');
    const filters = [...unit.matchAll(/^SystemCallFilter=(~?)(.+)$/gm)];
    const allowed = new Set();
    for (const [, not, group] of filters) for (const call of calls(group)) allowed[not ? 'delete' : 'add'](call);
    // As an account like the unit's: as root, SQLite gives its files to the owner of the database.
    const data = folder('traced');
    lchownSync(data, ACCOUNT, ACCOUNT);
    const program = join(work, 'keystead');
    copyFileSync(binary(OWN), program);
    const trace = join(data, 'trace');
    // The tracer is a grandchild, so that a signal to the child ends the server.
    const strace = ['strace', '--daemonize', '--follow-forks', '--output-append-mode', `--output=${trace}`, program];
    await verifies(['chroot', '--userspec', `${ACCOUNT}:${ACCOUNT}`, '/', ...strace], { KEYSTEAD_DATA_DIR: data });
    const made = new Set([...readFileSync(trace, 'latin1').matchAll(/^\d+ +(\w+)\(/gm)].map(([, call]) => call));
    const refused = [...made].filter((call) => !allowed.has(call));
    if (refused.length || made.size < 20) throw new Error(`of ${made.size} these: ${refused}`);
    return `${made.size} different ones`;
  },

  'the list of parts is CycloneDX, and names each crate of the lock file that is in the binary': () => {
    run('python3', ['packaging/validate.py', checks, 'bom', join(DIST, `keystead-${version}.cdx.json`)]);
    const { components } = JSON.parse(readFileSync(join(DIST, `keystead-${version}.cdx.json`)));
    const listed = new Set(components.map(({ name, version }) => `${name} ${version}`));
    const edges = ['--edges', 'normal,no-proc-macro', '--prefix', 'none', '--format', '{p}'];
    const tree = run('cargo', ['tree', '--locked', '--package', 'server', '--target', `${OWN}-unknown-linux-musl`, ...edges], { env: process.env });
    const missing = tree.trim().split('\n').map((line) => line.split(' ')).filter(([name, number]) => !listed.has(`${name} ${number?.slice(1)}`));
    if (missing.length) throw new Error(`these are not in it: ${missing.map(([name]) => name)}`);
    return `${components.length} parts`;
  },

  'the manifests for Kubernetes are what its schema asks for': () => {
    const files = readdirSync('packaging/kubernetes').map((name) => join('packaging/kubernetes', name));
    return run('python3', ['packaging/validate.py', checks, 'kubernetes', ...files]).trim();
  },

  'from a download to VALID by the commands of the README': async () => {
    const block = /<!-- make dist-test runs these -->\n+```sh\n(.+?)```/s.exec(readFileSync('README.md', 'utf8'))[1];
    const commands = block.trim().split('\n').filter((line) => line && !line.startsWith('#'));
    if (commands.length > MOST.commands) throw new Error(`there are ${commands.length} commands`);
    const releases = createServer((request, response) => {
      const path = join(DIST, request.url.slice(1));
      const found = /^[\w.-]+$/.test(request.url.slice(1)) && existsSync(path);
      response.writeHead(found ? 200 : 404).end(found ? readFileSync(path) : '');
    });
    const port = async (server) => (await once(server.listen(0, '127.0.0.1'), 'listening'), server.address().port);
    const spare = createServer();
    const [served, own] = [await port(releases), await port(spare)];
    spare.close();
    // Another server may have the usual port.
    const script = `${block.replaceAll('localhost:3000', `localhost:${own}`)}\nkill %1; wait %1`;
    const env = { PATH: process.env.PATH, RELEASES: `http://127.0.0.1:${served}`, KEYSTEAD_LISTEN: `127.0.0.1:${own}` };
    const begun = performance.now();
    const child = spawn('bash', ['-c', script], { cwd: folder('download'), env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [said, wrong] = ['', ''];
    child.stdout.on('data', (chunk) => (said += chunk));
    child.stderr.on('data', (chunk) => (wrong += chunk));
    await once(child, 'close');
    releases.close();
    const seconds = (performance.now() - begun) / 1000;
    if (!said.includes('"code":"VALID"')) throw new Error(`${said}\n${wrong}`);
    if (wrong.includes('curl:')) throw new Error(`a newcomer sees an error: ${wrong}`);
    if (seconds > MOST.seconds) throw new Error(`it took ${seconds.toFixed(0)} s`);
    return `${commands.length} commands, ${seconds.toFixed(1)} s`;
  },
};

let [passed, failed] = [0, 0];
for (const [name, check] of Object.entries(CHECKS)) {
  try {
    const figure = await check();
    console.log(`ok    ${name}${figure ? ` (${figure})` : ''}`);
    passed += 1;
  } catch (error) {
    console.log(`FAILED ${name}\n      ${error.stack}`);
    failed += 1;
  }
}
rmSync(work, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
