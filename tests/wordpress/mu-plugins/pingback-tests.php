<?php
/**
 * Loaded by WordPress before everything else: lifts what guards a public blog and keeps a test on loopback waiting,
 * and records what WordPress asks of others.
 */

// The pages and endpoints under test are on this host, which WordPress trusts, but on ports that it does not.
add_filter(
	'http_allowed_safe_ports',
	fn( $ports, $host, $url ) => '127.0.0.1' === $host ? array( ...$ports, parse_url( $url, PHP_URL_PORT ) ) : $ports,
	10,
	3
);

// One ping in 15 s for the whole site is its stock pace; a request with `?stock-pace` is held to it.
if ( ! isset( $_GET['stock-pace'] ) ) {
	add_filter( 'comment_flood_filter', '__return_false', PHP_INT_MAX );
}

// Nothing is ever scheduled but the pings of a post.
add_filter( 'pre_schedule_event', fn( $pre, $event ) => 'do_pings' === $event->hook ? $pre : false, 10, 2 );

$settings = array(
	'permalink_structure'         => '/%year%/%monthnum%/%day%/%postname%/',
	'comment_previously_approved' => 0, // else every ping waits for its moderator
	'comments_notify'             => 0,
	'moderation_notify'           => 0,
	'ping_sites'                  => '',
);
foreach ( $settings as $name => $value ) {
	add_filter( "pre_option_$name", fn() => $value );
}

// The theme that a test wants (`WordPress.theme` in fixture.py).
$theme = getenv( 'PINGBACK_TEST_WORDPRESS_THEME' );
if ( is_file( $theme ) ) {
	$name = file_get_contents( $theme );
	add_filter( 'pre_option_template', fn() => $name );
	add_filter( 'pre_option_stylesheet', fn() => $name );
}

function wp_mail() {
	return true;
}

// Stock WordPress answers with code 0 and an empty text in place of each fault but 48; `xmlrpc.php?true-faults` does not.
if ( isset( $_GET['true-faults'] ) ) {
	remove_filter( 'xmlrpc_pingback_error', 'xmlrpc_pingback_error' );
}

// The TrackBack RDF of a post that was made with it (`WordPress.post` in fixture.py), in a comment as the themes of its
// time had it.
add_action(
	'wp_footer',
	function () {
		if ( ! is_single() || ! get_post_meta( get_queried_object_id(), 'with_rdf', true ) ) {
			return;
		}
		echo "<!--\n";
		trackback_rdf();
		echo "\n-->\n";
	}
);

// A line of JSON for each exchange of a WP-Cron run, for `WordPress.send_due` in fixture.py.
add_action(
	'http_api_debug',
	function ( $response, $context, $class, $arguments, $url ) {
		if ( ! wp_doing_cron() ) {
			return;
		}
		$exchange = array(
			'method'   => $arguments['method'],
			'url'      => $url,
			'status'   => wp_remote_retrieve_response_code( $response ) ?: null,
			'request'  => is_string( $arguments['body'] ) ? $arguments['body'] : http_build_query( $arguments['body'] ?? array() ),
			'response' => is_wp_error( $response ) ? $response->get_error_message() : wp_remote_retrieve_body( $response ),
		);
		$line     = json_encode( $exchange, JSON_INVALID_UTF8_SUBSTITUTE ) . "\n";
		file_put_contents( getenv( 'PINGBACK_TEST_WORDPRESS_EXCHANGES' ), $line, FILE_APPEND | LOCK_EX );
	},
	10,
	5
);
