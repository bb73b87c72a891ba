import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ScaledObject, TriggerAuthentication } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import { Deployment } from 'kubernetes-models/apps/v1';
import { Job } from 'kubernetes-models/batch/v1';
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Service, ServiceAccount } from 'kubernetes-models/v1';
import { parseAllDocuments } from 'yaml';

interface Probe {
  httpGet: { path: string; port: string };
}

export interface Container {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  envFrom?: object[];
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
  ports?: { name: string; containerPort: number }[];
  startupProbe?: Probe;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  lifecycle?: { preStop: { sleep: { seconds: number } } };
  resources?: { requests: object; limits: object };
  securityContext?: object;
  volumeMounts?: { mountPath: string }[];
}

interface Pod {
  serviceAccountName: string;
  automountServiceAccountToken: boolean;
  terminationGracePeriodSeconds: number;
  securityContext: object;
  topologySpreadConstraints?: { topologyKey: string }[];
  containers: Container[];
  volumes?: { emptyDir?: { sizeLimit?: string } }[];
}

interface Trigger {
  authenticationRef?: { name: string };
  metadata: Record<string, string>;
}

/** A document for Kubernetes, as far as tests look at it; its schema is checked apart. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  automountServiceAccountToken?: boolean;
  data?: Record<string, string>;
  spec: {
    replicas?: number;
    template: { spec: Pod };
    maxUnavailable?: number;
    ports?: { port: number }[];
    podSelector?: object;
    policyTypes?: string[];
    scaleTargetRef?: { name: string };
    triggers?: Trigger[];
    secretTargetRef?: { name: string; key: string }[];
  };
}

/** The files with documents in a folder. */
export const filesIn = (folder: string): string[] =>
  readdirSync(folder).filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml');

/** All documents in a folder. */
export const manifests = (folder: string): Manifest[] =>
  filesIn(folder).flatMap((name) =>
    parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map((document) => document.toJS() as Manifest),
  );

const models = [
  ConfigMap,
  Deployment,
  Ingress,
  Job,
  NetworkPolicy,
  PodDisruptionBudget,
  ScaledObject,
  Service,
  ServiceAccount,
  TriggerAuthentication,
];

/**
 * What the schema of its kind says against a document; null when it fits. Schemas let fields pass that they do not know, and
 * a mistyped one would be without effect: so those that the check did not look at are problems as well.
 */
export function problemsOf(manifest: Pick<Manifest, 'apiVersion' | 'kind'>): string | null {
  const model = models.find(({ kind, apiVersion }) => kind === manifest.kind && apiVersion === manifest.apiVersion);
  if (!model) return `There is no schema for ${manifest.apiVersion} ${manifest.kind}.`;
  const seen = new Set<string>();
  try {
    model.prototype.validate.call(watched(manifest, '', seen));
  } catch (error) {
    return (error as Error).message;
  }
  const unknown = pathsIn(manifest, '').filter((path) => !seen.has(path));
  return unknown.length === 0 ? null : `unknown: ${unknown.join(', ')}`;
}

/** The same object, that notes the path of each field that is read. */
function watched<T extends object>(value: T, path: string, seen: Set<string>): T {
  return new Proxy(value, {
    get: (target, key) => {
      const inner: unknown = Reflect.get(target, key);
      if (typeof key !== 'string' || !Object.hasOwn(target, key)) return inner;
      const at = path === '' ? key : `${path}.${key}`;
      seen.add(at);
      return typeof inner === 'object' && inner !== null ? watched(inner, at, seen) : inner;
    },
  });
}

/** The paths of all fields, a document's fields before what is in them. */
function pathsIn(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = path === '' ? key : `${path}.${key}`;
    return [at, ...pathsIn(inner, at)];
  });
}
