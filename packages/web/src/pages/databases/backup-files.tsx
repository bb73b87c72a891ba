import { Download } from 'lucide-react';
import { useBackupFiles, useDownload, type Backup, type BackupFile } from '../../data/backups.ts';
import {
  Button,
  Bytes,
  Card,
  Code,
  CopyButton,
  DataTable,
  Loaded,
  Soft,
  Stack,
  toast,
  type Column,
} from '../../kit/index.ts';
import './databases.css';

const roles: Record<BackupFile['role'], string> = {
  dump: 'Dump',
  globals: 'Roles and tablespaces',
  content: 'Content manifest',
};

const columns = (db: string, id: string): readonly Column<BackupFile>[] => [
  {
    key: 'file',
    header: 'File',
    cell: ({ role, key }) => (
      <Stack gap="s">
        <strong>{roles[role]}</strong>
        <Soft small>
          <code>{key}</code>
        </Soft>
      </Stack>
    ),
  },
  { key: 'size', header: 'Stored', align: 'end', cell: ({ size }) => <Bytes value={size} /> },
  { key: 'plain', header: 'Holds', align: 'end', cell: ({ plain_size: size }) => <Bytes value={size} /> },
  {
    key: 'checksum',
    header: 'Checksum',
    cell: ({ checksum, role }) => (
      <span className="checksum">
        <Code>{`${checksum.slice(0, 15)}…`}</Code>
        <CopyButton text={checksum} label={`Copy checksum of ${roles[role].toLowerCase()}`} />
      </span>
    ),
  },
  { key: 'download', header: '', align: 'end', cell: (file) => <DownloadFile db={db} id={id} file={file} /> },
];

function DownloadFile({ db, id, file }: { db: string; id: string; file: BackupFile }): React.JSX.Element | null {
  const download = useDownload(db, id);
  if (file.role === 'content') return null;
  return (
    <Button
      size="s"
      icon={Download}
      busy={download.isPending}
      label={`Download ${roles[file.role].toLowerCase()}`}
      onClick={() => download.mutate(file, { onError: (error) => toast.bad(error) })}
    >
      Download
    </Button>
  );
}

/** The stored objects with their sizes and checksums. */
export function BackupFiles({ db, backup }: { db: string; backup: Backup }): React.JSX.Element {
  const files = useBackupFiles(db, backup.id);
  return (
    <Card title="Files" flush>
      <Loaded query={files}>
        {(list) => (
          <div className="files">
            <DataTable label="Files" columns={columns(db, backup.id)} rows={list} rowKey={({ id }) => id} />
          </div>
        )}
      </Loaded>
    </Card>
  );
}
