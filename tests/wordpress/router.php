<?php
// PHP's own server takes what ends in .xml for a file, and finds none: WordPress makes its sitemaps when asked.
if ( ! str_starts_with( $_SERVER['REQUEST_URI'], '/wp-sitemap' ) ) {
	return false;
}
require $_SERVER['DOCUMENT_ROOT'] . '/index.php';
