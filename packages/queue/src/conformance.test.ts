import { queueConformance, queueServerKinds } from '@holdfast/testing/queue';

for (const kind of queueServerKinds) queueConformance(kind);
