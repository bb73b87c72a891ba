import { jobRoutes } from './jobs.ts';
import { manifestRoute } from './manifest.ts';
import { reportRoute } from './report.ts';
import { restoreReportRoute } from './restore-report.ts';
import { uploadLinksRoute } from './upload-links.ts';

export const remoteRoutes = [uploadLinksRoute, reportRoute, restoreReportRoute, manifestRoute, ...jobRoutes];
