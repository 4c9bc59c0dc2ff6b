// SPDX-License-Identifier: Apache-2.0
// A chat completion through the JDK's own HTTP client: TLS that no probe can read.
//   java -Djavax.net.ssl.trustStore=STORE Dark.java URL EXCHANGE
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

public class Dark {
	public static void main(String[] args) throws Exception {
		String body = "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
		HttpRequest request = HttpRequest.newBuilder(URI.create(args[0] + "/v1/chat/completions"))
			.version(HttpClient.Version.HTTP_1_1)
			.header("content-type", "application/json")
			.header("x-exchange", args[1])
			.POST(HttpRequest.BodyPublishers.ofString(body))
			.build();
		HttpResponse<String> answer =
			HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
		System.out.println(answer.statusCode() + " " + ProcessHandle.current().pid());
	}
}
