import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { S3Destination } from '@holdfast/shared/domain';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { StoreSettings } from '../settings.ts';
import { abortError } from '../streams.ts';
import { AddressGuard } from '@holdfast/shared/security';
import { storeError } from './errors.ts';
import { measureRequests } from './measuring.ts';
import type { S3Options } from './options.ts';
import { checkedTarget, type Target } from './target.ts';

const maxSockets = 32;

/** What the SDK's `send` takes beside a command. */
export interface CallOptions {
  abortSignal: AbortSignal;
}

const uploads = new Set(['PutObjectCommand', 'UploadPartCommand']);

/**
 * Bodies are bound to their request by Content-MD5, a signed header that the ETag is compared with; a SHA-256 of the same
 * bytes for the signature alone would cost a third of an upload's processor time.
 */
function leavePayloadsUnsigned(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      if (uploads.has(String(context['commandName']))) {
        const { headers } = args.request as { headers: Record<string, string> };
        headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      }
      return next(args);
    },
    { step: 'build', name: 'leavePayloadsUnsigned' },
  );
}

/** The SDK's clients for one destination, and the one place where their failures get their names. */
export class S3Connection {
  readonly target: Target;
  /** For requests whose answer is short: a socket without traffic is given up. */
  readonly client: S3Client;
  /** For downloads: whoever reads may pause for as long as a database needs, so only the wait for the answer is limited. */
  readonly downloads: S3Client;
  readonly #guard: AddressGuard | null;
  readonly #agents: readonly [Agent, TlsAgent];

  readonly #keys: 'all' | 'deletion';

  /**
   * @param keys which of the destination's keys it uses; those that delete are those for all where it has no others
   * @throws HoldfastError configuration
   */
  constructor(
    destination: S3Destination,
    settings: StoreSettings,
    options: S3Options,
    keys: 'all' | 'deletion' = 'all',
  ) {
    const { accessKey, secretKey } = (keys === 'deletion' ? destination.deletionKeys : null) ?? destination;
    this.#keys = keys;
    this.target = checkedTarget(destination.settings);
    const { endpoint, region, pathStyle } = this.target;
    // Amazon's own names may resolve to private addresses (interface endpoints); an endpoint given by a user may not.
    this.#guard = endpoint ? new AddressGuard(settings.allowedNetworks) : null;
    const resolve = options.lookup ?? undefined;
    const lookup = this.#guard ? this.#guard.guard(resolve) : resolve;
    const agent = { keepAlive: true, maxSockets, ...(lookup ? { lookup } : {}) };
    const agents = [new Agent(agent), new TlsAgent(agent)] as const;
    this.#agents = agents;
    const common: S3ClientConfig = {
      region,
      forcePathStyle: pathStyle,
      credentials: {
        accessKeyId: accessKey.reveal(),
        secretAccessKey: secretKey.reveal(),
      },
      // Everything that the SDK would otherwise take from the machine's environment or home folder is said here.
      ...(endpoint ? { endpoint: endpoint.href } : { ignoreConfiguredEndpointUrls: true }),
      useDualstackEndpoint: false,
      useFipsEndpoint: false,
      useArnRegion: false,
      defaultsMode: 'standard',
      retryMode: 'standard',
      maxAttempts: options.requestAttempts,
      followRegionRedirects: false,
      expectContinueHeader: false,
      disableS3ExpressSessionAuth: true,
      // Content-MD5 and the ETag guard the bytes: every provider has them, while some refuse the newer headers.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    };
    const handler = { connectionTimeout: options.connectTimeoutMs, httpAgent: agents[0], httpsAgent: agents[1] };
    this.client = new S3Client({
      ...common,
      requestHandler: new NodeHttpHandler({ ...handler, socketTimeout: options.idleTimeoutMs }),
    });
    leavePayloadsUnsigned(this.client);
    measureRequests(this.client, settings.observers);
    this.downloads = new S3Client({
      ...common,
      requestHandler: new NodeHttpHandler({
        ...handler,
        requestTimeout: options.idleTimeoutMs,
        throwOnRequestTimeout: true,
      }),
    });
    measureRequests(this.downloads, settings.observers);
  }

  /**
   * Makes one request.
   * @param action what is done, for messages: `Storing "a/b"`
   * @throws HoldfastError the signal's reason when it is aborted
   */
  async call<T>(action: string, signal: AbortSignal, run: (options: CallOptions) => Promise<T>): Promise<T> {
    const { endpoint, bucket, host, region } = this.target;
    if (signal.aborted) throw abortError(signal);
    try {
      if (endpoint) this.#guard?.checkLiteral(endpoint.hostname);
      return await run({ abortSignal: signal });
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      throw storeError(error, { action, bucket, host, region, keys: this.#keys });
    }
  }

  close(): void {
    this.client.destroy();
    this.downloads.destroy();
    for (const agent of this.#agents) agent.destroy();
  }
}
