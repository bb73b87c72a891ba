import type { Flavour } from '@holdfast/testing/mysql';

/** The names and types that tools stumble over, and all kinds of code. */
export const oddContent = (flavour: Flavour): string[] => [
  "CREATE TABLE `select ``x`` \"y\"` (`from` INT PRIMARY KEY AUTO_INCREMENT, `wh ere` ENUM('a', 'it''s', '\\\\'), s SET('x', 'y'), t TEXT, b VARBINARY(300), bits BIT(9), f DOUBLE, d DATETIME(6), j JSON, y YEAR, huge DECIMAL(65, 30), ts TIMESTAMP NULL) COMMENT 'it''s \"a\" \\\\ comment'",
  `INSERT INTO \`select \`\`x\`\` "y"\` (\`wh ere\`, s, t, b, bits, f, d, j, y, huge, ts) VALUES
     ('it''s', 'x,y', 'line\\nbreak\\r\\n\\\\N \\t \\0 \\Z ''quoted'' "double" 🗄️ 数据库', x'00ff0a0d1a275c', b'101010101', 1e300, '2020-02-29 23:59:59.123456', '{"a": [1, null, "🗄"]}', 2024, '-12345678901234567890.123456789', '2024-03-31 02:30:00'),
     (NULL, '', '', x'', b'0', -0.1, '1000-01-01', 'null', 1901, '0.000000000000000000000000000001', NULL)`,
  `CREATE TABLE parents (id INT PRIMARY KEY AUTO_INCREMENT, width INT NOT NULL DEFAULT 3, twice INT GENERATED ALWAYS AS (width * 2) STORED, later INT GENERATED ALWAYS AS (width + 1) VIRTUAL, name VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_german1_ci, hidden INT INVISIBLE DEFAULT 7, CONSTRAINT wide CHECK (width < 1000)) AUTO_INCREMENT = 500`,
  `INSERT INTO parents (width, name, hidden) VALUES (1, 'ä', 8), (2, 'ß', 9)`,
  `CREATE TABLE children (id INT PRIMARY KEY, parent INT, other INT, CONSTRAINT named_key FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE, FOREIGN KEY (other) REFERENCES children (id))`,
  `INSERT INTO children VALUES (1, 500, NULL), (2, 501, 1)`,
  `SET SESSION sql_mode = ''`,
  `CREATE TABLE zero_dates (d DATE NOT NULL, t DATETIME NOT NULL)`,
  `INSERT INTO zero_dates VALUES ('0000-00-00', '0000-00-00 00:00:00'), ('2024-00-00', '2024-01-00 00:00:00')`,
  `SET SESSION sql_mode = DEFAULT`,
  `CREATE TABLE journal (n INT, at TIMESTAMP(3) NULL)`,
  `CREATE FUNCTION doubled (a INT) RETURNS INT DETERMINISTIC NO SQL RETURN a * 2`,
  `CREATE PROCEDURE odd_one (IN a INT, OUT b VARCHAR(20)) COMMENT 'it''s' BEGIN\n-- Table structure for table \`none\`\n  DECLARE c INT DEFAULT 1;\n  SET b = CONCAT('a;b\\n', a, c); /* ü */\nEND`,
  `CREATE TRIGGER stamped BEFORE INSERT ON children FOR EACH ROW SET NEW.id = NEW.id + 0`,
  `CREATE TRIGGER noted AFTER INSERT ON children FOR EACH ROW BEGIN INSERT INTO journal (n) VALUES (NEW.id); END`,
  'CREATE VIEW `a view` AS SELECT id, doubled(width) AS w FROM parents',
  'CREATE VIEW `above it` AS SELECT * FROM `a view` WHERE id > 0',
  `CREATE EVENT \`every ON COMPLETION PRESERVE ENABLE day\` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' COMMENT 'ENABLE' DO INSERT INTO journal VALUES (1, NULL)`,
  `CREATE EVENT asleep ON SCHEDULE EVERY 1 HOUR STARTS '2030-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE DO BEGIN SET @a = 1; END`,
  ...(flavour === 'mariadb' ? mariadbOnly : mysqlOnly),
];

const mariadbOnly = [
  'CREATE SEQUENCE numbers START WITH 7 INCREMENT BY 3 CACHE 2',
  'SELECT NEXTVAL(numbers)',
  'CREATE TABLE versioned (a INT) WITH SYSTEM VERSIONING',
  'INSERT INTO versioned VALUES (1)',
  'CREATE TABLE addresses (id UUID PRIMARY KEY, ip INET6)',
  `INSERT INTO addresses VALUES ('00000000-0000-0000-0000-000000000001', '::1')`,
];

const mysqlOnly = [
  `CREATE TABLE expressions (a INT, b VARCHAR(36) DEFAULT (UUID()), j JSON, KEY over_expression ((a * 2)), KEY of_many ((CAST(j->'$.n' AS UNSIGNED ARRAY))))`,
  `INSERT INTO expressions VALUES (1, 'x', '{"n": [1, 2]}')`,
  `CREATE TABLE no_key (v INT) PARTITION BY HASH (v) PARTITIONS 3`,
  `INSERT INTO no_key VALUES (1), (2), (3)`,
];
