-- The one source of the table: every replica of the database starts from these rows.
CREATE DATABASE Main CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE TABLE Main.Users (id INT NOT NULL AUTO_INCREMENT, username VARCHAR(64) NOT NULL, email VARCHAR(254) NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB;
LOAD DATA INFILE '/build/users.csv' INTO TABLE Main.Users CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' IGNORE 1 LINES (id, username, email);
-- Accounts are made at every start, from the environment: none is in the image.
DELETE FROM mysql.global_priv WHERE User <> 'mariadb.sys';
DELETE FROM mysql.proxies_priv;
