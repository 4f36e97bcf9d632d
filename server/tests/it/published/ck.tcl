# The commands that the published script calls, made of what Tcl itself has: its http package, and nothing to buy.

package require http

rename load load_library
proc load {args} {}

set made 0
proc object {} { return "object[incr ::made]" }
foreach type {CkHttp CkJsonObject CkStringBuilder} { interp alias {} new_$type {} object }
foreach type {CkHttp CkHttpResponse CkJsonObject CkStringBuilder} { proc delete_$type {object} {} }

proc CkHttp_put_BasicAuth {http on} { set ::of($http,basic) $on }
proc CkHttp_put_Login {http login} { set ::of($http,login) $login }
proc CkHttp_put_Password {http password} { set ::of($http,password) $password }
proc CkHttp_SetRequestHeader {http name value} { set ::of($http,header,$name) $value }
proc CkHttp_get_LastMethodSuccess {http} { return $::of($http,success) }
proc CkHttp_lastErrorText {http} { return $::of($http,error) }

proc CkHttp_PTextSb {http verb url body charset type md5 gzip} {
    set headers {}
    foreach {name value} [array get ::of "$http,header,*"] {
        set name [lindex [split $name ,] 2]
        if {![string equal -nocase $name content-type]} { lappend headers $name $value }
    }
    if {$::of($http,basic)} {
        set pair [encoding convertto utf-8 "$::of($http,login):$::of($http,password)"]
        lappend headers Authorization "Basic [binary encode base64 $pair]"
    }
    set query [encoding convertto $charset $::of($body)]
    set failed [catch { http::geturl $url -method $verb -headers $headers -type $type -query $query } answer]
    set ::of($http,success) [expr {!$failed}]
    set ::of($http,error) $answer
    return $answer
}

proc CkHttpResponse_get_StatusCode {answer} { return [http::ncode $answer] }
proc CkHttpResponse_header {answer} { return [http::meta $answer] }
proc CkHttpResponse_GetBodySb {answer text} { set ::of($text) [http::data $answer] }

proc CkJsonObject_UpdateString {json name value} { lappend ::of($json,members) "\"$name\":\"$value\"" }
proc CkJsonObject_EmitSb {json text} { set ::of($text) "{[join $::of($json,members) ,]}" }
proc CkJsonObject_LoadSb {json text} { set ::of($json,text) $::of($text) }
proc CkJsonObject_put_EmitCompact {json on} {}
proc CkJsonObject_emit {json} { return $::of($json,text) }
proc CkJsonObject_stringOf {json path} {
    set name [lindex [split $path .] end]
    regexp "\"$name\":\"(\[^\"\]*)\"" $::of($json,text) whole value
    return $value
}
