/** What the caller got wrong; ends with exit code 2. */
export class UsageError extends Error {}

/** Exit codes. */
export const exits = { done: 0, failed: 1, usage: 2, damaged: 3, keyMissing: 4, interrupted: 130 } as const;

export const usage = `Lists, checks, downloads and restores backups from where they are stored: no service, no database of Holdfast.

Usage: npm run recover -- <command> <where> [options]

Commands:
  list                    The backups, the newest first. --database NAME|ID shows those of one database.
  show BACKUP             One backup, its files, and whether they are there.
  verify BACKUP           Reads it from its first to its last byte, decodes it, and compares all sizes and digests.
  download BACKUP --to DIR
                          Its files, compared with their digests, as they are stored; --plain: decrypted and decompressed.
  restore BACKUP          Into a new database or, of a directory, to a new one; neither may exist yet.

BACKUP is an id, the beginning of one, or latest:NAME (the newest one of the database of that name or id).

Where:
  --folder DIR            The folder of a local destination.
  --bucket B [--prefix P] [--endpoint URL] [--region R] [--path-style]
                          An S3 bucket; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are read from the environment.

Keys:
  --identity FILE         A file with private keys of age, as age-keygen writes it; may be given several times.

Target of a restore:
  --host H --port P --user U   or   --url postgres://USER@HOST:PORT   (PGHOST, PGPORT and PGUSER where absent: PostgreSQL alone)
  --database NAME         The new database; its old name where absent. Of SQLite a path on this machine, and nothing else of these.
  --to FOLDER             Of a backup of a directory, instead of all of these: the directory to unpack it to.
  --in-place              Replaces what --database or --to names, after its name was typed; --yes: without.
  --globals               Restores the roles of the server, too, where the backup has them.
  --keep-owners           Owners and privileges as they were, instead of all for the connecting user.
  --without-comparison    Does not hold what came back against the backup's content manifest: for when that file is damaged.
  --schema S, --table S.T Only these; may be given several times. Into a new database alone.
  --sslmode MODE, --ca FILE    As libpq has them.
  The password: PGPASSWORD or the file that PGPASSFILE names (~/.pgpass), MYSQL_PWD, REDISCLI_AUTH, or what is typed when asked.
  Never an option.

Further:
  --json                  One JSON document on standard output.
  --help

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 a backup or a manifest is damaged or missing; 4 none of the keys opens it;
130 interrupted.
`;
