<?php
// Settings of the WordPress under test. What differs from run to run comes with the environment (fixture.py).
// @see https://developer.wordpress.org/advanced-administration/wordpress/wp-config/

define( 'DB_NAME', 'wordpress' );
define( 'DB_USER', 'wordpress' );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', 'localhost:' . getenv( 'PINGBACK_TEST_WORDPRESS_DB' ) );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
$table_prefix = 'wp_';

define( 'WP_HOME', 'http://127.0.0.1:' . $_SERVER['SERVER_PORT'] );
define( 'WP_SITEURL', WP_HOME );
define( 'WPMU_PLUGIN_DIR', __DIR__ . '/mu-plugins' );

define( 'DISABLE_WP_CRON', true );         // pings leave when a test asks for wp-cron.php, never on a page view
define( 'WP_CRON_LOCK_TIMEOUT', 0 );       // a run that crashed does not hold up the next one
define( 'WP_HTTP_BLOCK_EXTERNAL', true );  // it asks nobody but this host: no updates, no news
define( 'DISALLOW_FILE_MODS', true );      // the code is shared by all runs

require_once ABSPATH . 'wp-settings.php';
