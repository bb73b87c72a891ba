import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { parse } from 'yaml';
import { parseSettings } from '../packages/shared/src/config/index.ts';
import { serviceNames } from '../packages/shared/src/domain/index.ts';
import { imageProcess } from '../packages/testing/src/services/index.ts';
import { filesIn, manifests, problemsOf, type Container, type Manifest } from './lib/manifests.ts';
import { ownGraceSeconds } from './lib/grace.ts';
import { root } from './lib/run.ts';

interface Kustomization {
  resources?: string[];
  components?: string[];
  secretGenerator?: { name: string; envs: string[]; options?: { disableNameSuffixHash?: boolean } }[];
  images?: { name: string }[];
  configMapGenerator?: { name: string; behavior: string; literals: string[] }[];
}

const folder = join(root, 'deploy/kubernetes');
const base = 'base';
const folders = [base, 'components/autoscaling', 'components/ingress'];
const kustomization = (of: string): Kustomization =>
  parse(readFileSync(join(folder, of, 'kustomization.yaml'), 'utf8')) as Kustomization;
const example = kustomization('example');
const all = folders.flatMap((of) => manifests(join(folder, of)));
const ofKind = (kind: string): Manifest[] => all.filter((one) => one.kind === kind);
const deployments = ofKind('Deployment');
const jobs = ofKind('Job');
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
const podOf = (manifest: Manifest) => manifest.spec.template.spec;
const serviceOf = ({ metadata }: Manifest): string => metadata.name.replace(/^holdfast-/, '');
const only = ({ containers }: { containers: readonly Container[] }): Container => {
  const [container, ...others] = containers;
  if (!container || others.length > 0) throw new Error('There is not exactly one container.');
  return container;
};

describe('the manifests for Kubernetes', () => {
  /** What `npm run env -- --kubernetes` writes, with the addresses filled in, by secret. */
  const secrets: Record<string, Record<string, string>> = {};
  before(async () => {
    const target = mkdtempSync(join(tmpdir(), 'holdfast-secrets-'));
    await promisify(execFile)(process.execPath, [join(root, 'scripts/env.ts'), '--kubernetes', target]);
    for (const { name, envs } of example.secretGenerator ?? []) {
      const lines = envs.flatMap((file) => readFileSync(join(target, file), 'utf8').split('\n'));
      secrets[name] = Object.fromEntries(
        lines.filter((line) => /^\w+=/.test(line)).map((line) => line.split(/=(.*)/s).slice(0, 2)),
      ) as Record<string, string>;
    }
    rmSync(target, { recursive: true });
  });

  it('are what their schemas ask for, without a field that these do not know', () => {
    for (const manifest of all)
      expect(problemsOf(manifest), `${manifest.kind} ${manifest.metadata.name}`).to.equal(null);
    const [api] = deployments;
    if (!api) throw new Error('There is no deployment.');
    const mistyped = { ...api, spec: { ...api.spec, replica: 2 } };
    expect(problemsOf(mistyped)).to.equal('unknown: spec.replica');
    const mistaken = { ...api, spec: { ...api.spec, replicas: 'two' } };
    expect(problemsOf(mistaken)).to.contain('replicas');
  });

  it('are all listed, and name no namespace', () => {
    for (const of of folders) expect(kustomization(of).resources, of).to.have.members(filesIn(join(folder, of)));
    expect(example.components).to.have.members(
      readdirSync(join(folder, 'components')).map((name) => `../components/${name}`),
    );
    for (const { kind, metadata } of all) expect(metadata, kind).not.to.have.property('namespace');
  });

  it('run every service, in the image of its own and by the command of that', () => {
    expect(deployments.map(serviceOf)).to.have.members([...serviceNames]);
    const images = new Set<string>();
    for (const manifest of [...deployments, ...jobs]) {
      const { image, command, args } = only(podOf(manifest));
      images.add(image);
      expect(dockerfile, image).to.contain(` AS ${image.replace('holdfast-', '')}\n`);
      expect(args, image).to.equal(undefined);
      if (manifest.kind === 'Deployment') expect([image, command]).to.deep.equal([manifest.metadata.name, undefined]);
    }
    expect(example.images?.map(({ name }) => name)).to.have.members([...images]);
    // The one command that is not an image's own is the one of docker-compose.yml, which the tests of whole processes run.
    const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
      services: { setup: { command: string[] } };
    };
    expect(jobs.map((job) => only(podOf(job)).command)).to.deep.equal([compose.services.setup.command]);
  });

  it('give every process settings that it accepts, secrets only from the secret that npm run env writes', () => {
    const [{ data: common = {} } = {}] = ofKind('ConfigMap');
    const merged = Object.fromEntries(
      (example.configMapGenerator ?? []).flatMap(({ literals }) =>
        literals.map((line) => line.split(/=(.*)/s).slice(0, 2)),
      ),
    ) as Record<string, string>;
    for (const manifest of [...deployments, ...jobs]) {
      const { env = [], envFrom = [] } = only(podOf(manifest));
      const given: Record<string, string> = envFrom.length > 0 ? { ...common, ...merged } : {};
      for (const { name, value, valueFrom } of env) {
        const key = valueFrom?.secretKeyRef;
        expect(value === undefined, `${name} comes from a secret or is none`).to.equal(
          key !== undefined && key.key === name && secrets['holdfast-secrets']?.[name] !== undefined,
        );
        const filledIn = { DATABASE_URL: 'postgres://holdfast@db/holdfast', REDIS_URL: 'redis://redis' };
        given[name] = value ?? { ...secrets['holdfast-secrets'], ...filledIn }[name] ?? '';
      }
      const result = parseSettings(given);
      expect('problems' in result ? result.problems : [], manifest.metadata.name).to.deep.equal([]);
    }
    const written = Object.keys(secrets['holdfast-secrets'] ?? {});
    expect(Object.keys({ ...common, ...merged }).filter((name) => written.includes(name))).to.deep.equal([]);
  });

  it('give the keys of backups to nobody who does not open backups, and encryption is not left out by a missing key', () => {
    for (const manifest of deployments) {
      const { env = [] } = only(podOf(manifest));
      const opens = ['api', 'worker'].includes(serviceOf(manifest));
      const names = new Set(env.map(({ name }) => name));
      expect(names.has('HOLDFAST_BACKUP_IDENTITIES'), manifest.metadata.name).to.equal(opens);
      expect(names.has('REDIS_URL'), manifest.metadata.name).to.equal(serviceOf(manifest) !== 'sentinel');
      const recipients = env.find(({ name }) => name === 'HOLDFAST_BACKUP_RECIPIENTS');
      if (opens) expect(recipients?.valueFrom?.secretKeyRef).not.to.have.property('optional');
    }
  });

  it('probe the ports that the images listen on, and restart only what does not answer', () => {
    for (const manifest of deployments) {
      const service = serviceOf(manifest);
      const { ports = [], startupProbe, livenessProbe, readinessProbe } = only(podOf(manifest));
      const stage = dockerfile.split(/^FROM /m).find((text) => text.split('\n')[0]?.endsWith(` AS ${service}`)) ?? '';
      const listens = /^(?:ENV HOLDFAST_HEALTH_PORT=|EXPOSE )(\d+)$/m.exec(stage)?.[1];
      expect(
        ports.map(({ containerPort }) => String(containerPort)),
        service,
      ).to.deep.equal([listens]);
      for (const probe of [startupProbe, livenessProbe, readinessProbe]) {
        expect(probe?.httpGet.port, service).to.equal(ports[0]?.name);
      }
      const paths = [startupProbe, livenessProbe, readinessProbe].map((probe) => probe?.httpGet.path);
      expect(paths, service).to.deep.equal(['/healthz', '/healthz', '/readyz']);
    }
    const [service] = ofKind('Service');
    expect(service?.spec.ports?.[0]?.port).to.equal(8080);
  });

  it('give each process the time that it takes to stop', () => {
    for (const manifest of deployments) {
      const { terminationGracePeriodSeconds } = podOf(manifest);
      const { env = [], lifecycle } = only(podOf(manifest));
      const grace = env.find(({ name }) => name === 'HOLDFAST_GRACE_SECONDS')?.value;
      const before = lifecycle?.preStop.sleep.seconds ?? 0;
      const own = ownGraceSeconds(serviceOf(manifest), grace);
      expect(terminationGracePeriodSeconds, manifest.metadata.name).to.be.at.least(before + own);
    }
  });

  it('let no process write to its image, become root, or speak to Kubernetes', () => {
    const accounts = ofKind('ServiceAccount');
    expect(accounts.every((account) => account.automountServiceAccountToken === false)).to.equal(true);
    for (const manifest of [...deployments, ...jobs]) {
      const pod = podOf(manifest);
      const { securityContext, resources, volumeMounts } = only(pod);
      expect(accounts.map(({ metadata }) => metadata.name)).to.include(pod.serviceAccountName);
      expect(pod.serviceAccountName).to.equal(manifest.metadata.name);
      expect(pod.automountServiceAccountToken).to.equal(false);
      expect(pod.securityContext).to.deep.include({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect(securityContext).to.deep.equal({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(resources?.requests).to.have.all.keys('cpu', 'memory');
      expect(resources?.limits).to.have.all.keys('memory');
      expect(volumeMounts?.map(({ mountPath }) => mountPath)).to.deep.equal(['/tmp']);
      expect(pod.volumes?.every(({ emptyDir }) => emptyDir?.sizeLimit !== undefined)).to.equal(true);
    }
  });

  it('close every process to the network but for what is listed, and nothing that is not Holdfast', () => {
    const policies = ofKind('NetworkPolicy');
    for (const { metadata, spec } of policies) expect(spec.podSelector, metadata.name).not.to.deep.equal({});
    const [first] = policies;
    expect(first?.spec.policyTypes).to.deep.equal(['Ingress', 'Egress']);
    expect(first?.spec).not.to.have.property('ingress');
  });

  it('keep each service over the loss and the drain of a node', () => {
    const budgets = ofKind('PodDisruptionBudget').map(({ metadata, spec }) => [metadata.name, spec.maxUnavailable]);
    expect(budgets).to.have.deep.members(deployments.map(({ metadata }) => [metadata.name, 1]));
    for (const manifest of deployments) {
      expect(manifest.spec.replicas).to.be.at.least(2);
      const keys = podOf(manifest).topologySpreadConstraints?.map(({ topologyKey }) => topologyKey);
      expect(keys).to.deep.equal(['kubernetes.io/hostname', 'topology.kubernetes.io/zone']);
    }
  });

  it('scale the workers by a secret of its own, which kustomize does not rename', () => {
    const [scaled] = ofKind('ScaledObject');
    const [authentication] = ofKind('TriggerAuthentication');
    expect(scaled?.spec.scaleTargetRef?.name).to.equal('holdfast-worker');
    expect(scaled?.spec.triggers?.map((trigger) => trigger.authenticationRef?.name)).to.deep.equal([
      authentication?.metadata.name,
    ]);
    for (const { name, key } of authentication?.spec.secretTargetRef ?? []) {
      expect(secrets[name]).to.have.property(key);
      const generator = example.secretGenerator?.find((one) => one.name === name);
      expect(generator?.options?.disableNameSuffixHash).to.equal(true);
    }
  });

  it('start no program that tests do not start', () => {
    for (const service of serviceNames)
      expect(imageProcess(service).parameters.at(-1)).to.match(/^services\/.*main\.ts$/);
  });
});
