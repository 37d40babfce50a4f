import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.util.List;
import java.util.Set;
import org.h2.mvstore.MVStore;

/** A server that speaks MongoDB's wire protocol on a free port, which it prints, over one file, which is given. */
public final class Serve {
    private static final Set<String> READS =
        Set.of("find", "getMore", "count", "aggregate", "hello", "ping", "listIndexes", "collStats", "endSessions");

    /** The wire version that current drivers ask for; the server speaks all of it that the log uses. */
    private static final MongoVersion VERSION = new MongoVersion() {
        @Override
        public List<Integer> getVersionArray() {
            return List.of(5, 0, 0);
        }

        @Override
        public int getWireVersion() {
            return 13;
        }
    };

    public static void main(String[] arguments) {
        var store = new MVStore.Builder().fileName(arguments[0]).autoCommitDisabled().open();
        var backend = new H2Backend(store) {
            @Override
            public Document handleMessage(MongoMessage message) {
                var answer = super.handleMessage(message);
                var command = message.getDocument().keySet().iterator().next();
                if (!READS.contains(command)) {
                    // what was acknowledged survives the end of the process
                    commit();
                }
                return answer;
            }
        };
        backend.version(VERSION);
        var server = new MongoServer(backend);
        server.bind("127.0.0.1", arguments.length > 1 ? Integer.parseInt(arguments[1]) : 0);
        System.out.println(server.getLocalAddress().getPort());
    }
}
